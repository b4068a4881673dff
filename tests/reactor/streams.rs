//! Connections: whatever their peers do.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use mt::base::{Action, CloseReason, Ending};
use socket2::SockRef;

use crate::harness::{connect, exchange, expect, expect_end, serve};
use crate::server::{Command, ECHO, Event, FAREWELL, LINES, PAUSED, SINK, SOURCE};

#[test]
fn bytes_come_one_by_one_and_go_one_by_one() {
    let (running, address) = serve(LINES);
    let mut stream = connect(address);
    for byte in b"one\ntwo\n" {
        stream.write_all(&[*byte]).unwrap();
    }
    for byte in b"<one>\n<two>\n" {
        expect(&mut stream, &[*byte]);
    }
    running.finish();
}

#[test]
fn many_questions_at_once_are_answered_in_order() {
    let (running, address) = serve(LINES);
    let mut stream = connect(address);
    let numbers = 0..20_000;
    let questions: String = numbers.clone().map(|n| format!("{n}\n")).collect();
    let answers: String = numbers.map(|n| format!("<{n}>\n")).collect();
    let mut asking = stream.try_clone().unwrap();
    let asker = std::thread::spawn(move || asking.write_all(questions.as_bytes()));
    expect(&mut stream, answers.as_bytes());
    asker.join().unwrap().unwrap();
    running.finish();
}

#[test]
fn an_answer_arrives_before_the_connection_closes() {
    let (running, address) = serve(LINES);
    let mut stream = connect(address);
    exchange(&mut stream, b"a\nclose\n", b"<a>\n<close>\n");
    expect_end(&mut stream);
    let conn = running.opened();
    assert_eq!(running.event(), Event::Closed(conn, CloseReason::Ended));
    running.finish();
}

#[test]
fn what_was_never_read_turns_no_close_into_a_reset() {
    let (running, address) = serve(PAUSED);
    let mut stream = connect(address);
    stream.write_all(b"never read").unwrap();
    let conn = running.opened();
    let how = Ending::Flush;
    running.act(Action::End { conn, how });
    expect_end(&mut stream);
    running.finish();
}

#[test]
fn a_peer_that_ended_its_direction_still_gets_its_answers() {
    let (running, address) = serve(ECHO);
    let mut stream = connect(address);
    let payload = vec![7; 3 << 20];
    let mut writing = stream.try_clone().unwrap();
    let expected = payload.clone();
    let writer = std::thread::spawn(move || {
        writing.write_all(&payload).unwrap();
        writing.shutdown(Shutdown::Write).unwrap();
    });
    expect(&mut stream, &expected);
    expect_end(&mut stream);
    writer.join().unwrap();
    let conn = running.opened();
    assert_eq!(running.event(), Event::EndOfStream(conn));
    assert_eq!(running.event(), Event::Closed(conn, CloseReason::Ended));
    let finished = running.finish();
    assert!(finished.server.largest_queue_bytes <= 64 << 10);
}

#[test]
fn our_direction_ends_and_the_other_goes_on() {
    let (running, address) = serve(FAREWELL);
    let mut stream = connect(address);
    expect(&mut stream, b"bye");
    expect_end(&mut stream);
    stream.write_all(&vec![1; 1 << 20]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let conn = running.opened();
    assert_eq!(running.event(), Event::EndOfStream(conn));
    assert_eq!(running.event(), Event::Closed(conn, CloseReason::Ended));
    assert_eq!(running.finish().stats.counters.received_bytes, 1 << 20);
}

#[test]
fn a_reset_closes_a_connection_of_any_kind() {
    for kind in [ECHO, SOURCE, SINK, PAUSED] {
        let (running, address) = serve(kind);
        let stream = connect(address);
        let conn = running.opened();
        reset(stream);
        assert_eq!(
            running.event(),
            Event::Closed(conn, CloseReason::Reset),
            "{kind:?}"
        );
        running.finish();
    }
}

fn reset(stream: TcpStream) {
    SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(stream);
}

#[test]
fn a_paused_connection_comes_back_when_it_is_planned_again() {
    let (running, address) = serve(PAUSED);
    let mut stream = connect(address);
    stream.write_all(b"held back").unwrap();
    let conn = running.opened();
    stream.set_nonblocking(true).unwrap();
    let error = stream.read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    running.say(Command::Unpause(conn));
    expect(&mut stream, b"held back");
    running.finish();
}

#[test]
fn a_core_closes_at_once_and_an_old_id_means_nothing() {
    let (running, address) = serve(ECHO);
    let mut first = connect(address);
    let old = running.opened();
    let end = |conn| Action::End {
        conn,
        how: Ending::Now,
    };
    running.act(end(old));
    assert_eq!(running.event(), Event::Closed(old, CloseReason::Ended));
    expect_end(&mut first);

    let mut second = connect(address);
    let new = running.opened();
    assert_eq!(old.slot(), new.slot());
    running.act(end(old));
    running.act(Action::Replan(old));
    exchange(&mut second, b"still here", b"still here");
    running.finish();
}

#[test]
fn a_thousand_connections_are_served() {
    let (running, address) = serve(ECHO);
    let mut streams: Vec<_> = (0..1000).map(|_| connect(address)).collect();
    for (index, stream) in streams.iter_mut().enumerate() {
        stream.write_all(&index.to_be_bytes()).unwrap();
    }
    for (index, stream) in streams.iter_mut().enumerate().rev() {
        expect(stream, &index.to_be_bytes());
    }
    drop(streams);
    let mut closed = 0;
    while closed < 1000 {
        closed += usize::from(matches!(running.event(), Event::Closed(..)));
    }
    let stats = running.finish().stats;
    assert_eq!((stats.counters.accepted, stats.connections), (1000, 0));
}
