//! Names looked up without anybody waiting longer than is useful.
//!
//! The system's resolver cannot be interrupted, so each question gets a thread, of which there are
//! few; who waits too long is told so, and the thread ends when the system lets it.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::base::HostName;
use crate::base::limits::{RESOLVED_AT_ONCE_MAX, RESOLVES_WAITING_MAX};

type Answer = Result<Vec<IpAddr>, String>;
type Tell = Box<dyn FnOnce(Answer) + Send>;

/// How a name becomes addresses: the system's way, but for tests.
pub(super) type LookUp = fn(&HostName) -> Answer;

#[derive(Debug)]
pub(super) struct Resolver {
    events: Sender<Event>,
}

enum Event {
    Asked { name: HostName, tell: Tell },
    Answered { number: u64, answer: Answer },
    Stop,
}

struct Question {
    number: u64,
    name: HostName,
    tell: Tell,
    deadline: Instant,
    is_started: bool,
}

impl Resolver {
    pub(super) fn start(look_up: LookUp, timeout: Duration) -> io::Result<Self> {
        let (events, received) = channel();
        let desk = Desk {
            questions: VecDeque::new(),
            next_number: 0,
            busy_threads: 0,
            answers: events.clone(),
            look_up,
            timeout,
        };
        let thread = thread::Builder::new().name("names".to_owned());
        thread.spawn(move || desk.serve(&received))?;
        Ok(Self { events })
    }

    pub(super) fn resolve(&self, name: HostName, tell: impl FnOnce(Answer) + Send + 'static) {
        let tell = Box::new(tell);
        // The desk goes away only after this does.
        let _ = self.events.send(Event::Asked { name, tell });
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        let _ = self.events.send(Event::Stop);
    }
}

/// Knows who asked what, and who is looking.
struct Desk {
    /// In the order of their deadlines, as all have the same time.
    questions: VecDeque<Question>,
    next_number: u64,
    busy_threads: usize,
    answers: Sender<Event>,
    look_up: LookUp,
    timeout: Duration,
}

impl Desk {
    fn serve(mut self, events: &Receiver<Event>) {
        loop {
            let event = match self.questions.front() {
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(first) => {
                    let left = first.deadline.saturating_duration_since(Instant::now());
                    events.recv_timeout(left)
                }
            };
            match event {
                Ok(Event::Asked { name, tell }) => self.asked(name, tell),
                Ok(Event::Answered { number, answer }) => self.answered(number, answer),
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.expire();
            self.look_for_waiting();
        }
    }

    fn asked(&mut self, name: HostName, tell: Tell) {
        if self.questions.len() >= RESOLVES_WAITING_MAX {
            return tell(Err("too many names are being looked up".to_owned()));
        }
        self.questions.push_back(Question {
            number: self.next_number,
            name,
            tell,
            deadline: Instant::now() + self.timeout,
            is_started: false,
        });
        self.next_number += 1;
    }

    fn answered(&mut self, number: u64, answer: Answer) {
        self.busy_threads -= 1;
        let at = self
            .questions
            .iter()
            .position(|question| question.number == number);
        if let Some(question) = at.and_then(|at| self.questions.remove(at)) {
            (question.tell)(answer);
        }
    }

    fn expire(&mut self) {
        let now = Instant::now();
        while let Some(question) = self.questions.pop_front_if(|first| first.deadline <= now) {
            let seconds = self.timeout.as_secs();
            (question.tell)(Err(format!("no answer within {seconds} s")));
        }
    }

    fn look_for_waiting(&mut self) {
        let look_up = self.look_up;
        let waiting = self
            .questions
            .iter_mut()
            .filter(|question| !question.is_started);
        for question in waiting.take(RESOLVED_AT_ONCE_MAX.saturating_sub(self.busy_threads)) {
            let (number, name) = (question.number, question.name.clone());
            let answers = self.answers.clone();
            let look = move || {
                let answer = look_up(&name);
                // Where nobody listens any more, nobody needs it.
                let _ = answers.send(Event::Answered { number, answer });
            };
            let thread = thread::Builder::new().name("name".to_owned());
            // What cannot be started now is tried again with the next event, or expires.
            if thread.spawn(look).is_ok() {
                question.is_started = true;
                self.busy_threads += 1;
            }
        }
    }
}

/// Asks the system, each address once.
pub(super) fn by_system(name: &HostName) -> Answer {
    let found = (name.as_str(), 0).to_socket_addrs();
    let found = found.map_err(|error| error.to_string())?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Host;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn name(text: &str) -> HostName {
        match Host::parse(text).unwrap() {
            Host::Name(name) => name,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_have_addresses() {
        let found = by_system(&name("localhost")).unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback));
    }

    #[test]
    fn nobody_waits_for_names_longer_than_said() {
        let stuck: LookUp = |name| match name.as_str() {
            "stuck" => {
                thread::sleep(PATIENCE);
                Err(String::new())
            }
            _ => Ok(Vec::new()),
        };
        let resolver = Resolver::start(stuck, Duration::from_millis(200)).unwrap();
        let (sender, answers) = channel();
        let ask = |text: &str| {
            let sender = sender.clone();
            resolver.resolve(name(text), move |answer| sender.send(answer).unwrap());
        };
        ask("quick");
        assert_eq!(answers.recv_timeout(PATIENCE).unwrap(), Ok(Vec::new()));
        for _ in 0..RESOLVES_WAITING_MAX {
            ask("stuck");
        }
        ask("one.more");
        let refused = answers.recv_timeout(PATIENCE).unwrap().unwrap_err();
        assert!(refused.contains("too many"), "{refused}");
        for _ in 0..RESOLVES_WAITING_MAX {
            let expired = answers.recv_timeout(PATIENCE / 2).unwrap().unwrap_err();
            assert!(expired.contains("no answer"), "{expired}");
        }
    }
}
