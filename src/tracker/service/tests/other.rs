//! What a service makes of whatever answers at the other tracker's address.

use std::time::Duration;

use super::super::*;
use super::host::*;
use crate::base::DialError;
use crate::tracker::pair::Token;
use crate::wire::http::{Content, Status, write_response};

const OTHER: &str = "192.0.2.200:6969";
const CLIENT: &str = "127.0.0.1:1";
const OWN: Token = Token([0xaa; 16]);
const THEIRS: Token = Token([0xbb; 16]);
const SECOND: Duration = Duration::from_secs(1);

fn paired() -> Host {
    let mut service = service();
    service.pair_with(OTHER.parse().unwrap(), None, OWN);
    Host::new(service)
}

/// One whose call the other tracker has answered.
fn called() -> (Host, ConnId) {
    let mut host = paired();
    let conn = host.answer(OTHER);
    (host, conn)
}

/// One that the other tracker knows.
fn known() -> (Host, ConnId) {
    let (mut host, conn) = called();
    assert_eq!(targets(&mut host, conn), [hello(OWN)]);
    reply(&mut host, conn, "known");
    (host, conn)
}

fn hello(token: Token) -> String {
    format!("/mt/hello?mt_token={token}")
}

fn question(token: Token) -> String {
    format!("/mt/confirm?token={token}")
}

fn marked(token: Token, port: u16) -> String {
    format!(
        "GET /announce?info_hash={0}&peer_id={0}&port={port}&left=0&mt_ip=192.0.2.7&mt_age=0\
         &mt_token={token} HTTP/1.1\r\n\r\n",
        "a".repeat(20)
    )
}

/// What the other tracker was asked for.
fn targets(host: &mut Host, conn: ConnId) -> Vec<String> {
    let text = String::from_utf8(host.got(conn)).unwrap();
    let requests = text.lines().filter_map(|line| line.strip_prefix("GET "));
    let target = |line: &str| line.strip_suffix(" HTTP/1.1").unwrap().to_owned();
    requests.map(target).collect()
}

fn reply(host: &mut Host, conn: ConnId, body: &str) {
    let mut response = Vec::new();
    write_response(&mut response, Status::Ok, Content::Text, true, |out| {
        out.extend_from_slice(body.as_bytes());
    });
    host.send(conn, &response);
}

fn reports(host: &mut Host) -> Vec<Standing> {
    let mut reports = Vec::new();
    while let Some(job) = host.jobs.pop_front() {
        let Job::Report(report) = job else {
            panic!("{job:?}");
        };
        reports.push(report.standing);
        host.done(Done::Reported);
    }
    reports
}

fn ask(host: &mut Host, request: &str) -> String {
    let conn = host.open(CLIENT);
    let (_, body) = host.ask(conn, request).remove(0);
    String::from_utf8_lossy(&body).into_owned()
}

#[test]
fn whoever_does_not_answer_as_a_tracker_of_ours_is_told_nothing() {
    for (response, trouble) in [
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            Trouble::Stranger,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            Trouble::Stranger,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nunpaired",
            Trouble::Unpaired,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nyourself",
            Trouble::Yourself,
        ),
    ] {
        let (mut host, conn) = called();
        ask(&mut host, &announce(1, 0, "HTTP/1.1"));
        host.send(conn, response.as_bytes());
        assert!(!host.is_open(conn), "{response}");
        assert_eq!(targets(&mut host, conn), [hello(OWN)], "{response}");
        assert_eq!(reports(&mut host), [Standing::Trouble(trouble)]);
        host.advance(60 * SECOND);
        let again = host.answer(OTHER);
        assert_eq!(targets(&mut host, again), [hello(OWN)], "{response}");
    }
}

#[test]
fn who_is_known_tells_of_everything() {
    let (mut host, conn) = called();
    ask(&mut host, &announce(1, 0, "HTTP/1.1"));
    assert_eq!(
        targets(&mut host, conn),
        [hello(OWN)],
        "nothing before the welcome"
    );
    reply(&mut host, conn, "unknown");
    assert_eq!(targets(&mut host, conn), [""; 0]);
    host.advance(2 * SECOND);
    assert_eq!(targets(&mut host, conn), [hello(OWN)]);
    reply(&mut host, conn, "known");
    ask(&mut host, &announce(2, 5, "HTTP/1.1"));
    let told = targets(&mut host, conn);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("&port=1&left=0&numwant=0&mt_ip=127.0.0.1&"),
        "{told:?}"
    );
    assert!(told[1].contains("&port=2&left=1"), "{told:?}");
    assert_eq!(reports(&mut host), [Standing::Paired]);
    reply(&mut host, conn, "de");
    reply(&mut host, conn, "d14:failure reason2:noe");
    let pair = host.service.pair_json();
    let figures = ["told", "refused", "queued", "in_flight"].map(|key| pair[key].as_u64().unwrap());
    assert_eq!((figures, &pair["state"]), ([1, 1, 0, 0], &"paired".into()));
    host.advance(40 * SECOND);
    assert_eq!(
        targets(&mut host, conn),
        [hello(OWN)],
        "and then keeps in touch"
    );
}

#[test]
fn who_is_not_known_any_more_greets_and_tells_again() {
    let (mut host, conn) = known();
    ask(&mut host, &announce(1, 0, "HTTP/1.1"));
    assert_eq!(targets(&mut host, conn).len(), 1);
    let refusal = "the other tracker has not confirmed this token";
    reply(
        &mut host,
        conn,
        &format!("d14:failure reason{}:{refusal}e", refusal.len()),
    );
    host.advance(2 * SECOND);
    assert_eq!(targets(&mut host, conn), [hello(OWN)]);
    reply(&mut host, conn, "known");
    let told = targets(&mut host, conn);
    assert!(told.len() == 1 && told[0].contains("&port=1&"), "{told:?}");
}

#[test]
fn somebody_who_is_never_known_says_so() {
    let (mut host, conn) = called();
    let mut greetings = 0;
    for _ in 0..60 {
        for target in targets(&mut host, conn) {
            assert_eq!(target, hello(OWN));
            greetings += 1;
            reply(&mut host, conn, "unknown");
        }
        host.advance(SECOND);
    }
    assert!((5..10).contains(&greetings), "{greetings}");
    assert_eq!(
        reports(&mut host),
        [Standing::Trouble(Trouble::NotConfirmed)]
    );
    assert!(host.is_open(conn));
}

#[test]
fn a_token_is_asked_for_where_the_operator_said_and_nowhere_else() {
    let (mut host, conn) = known();
    let forged = Token([0xcc; 16]);
    let told = ask(&mut host, &marked(forged, 1000));
    assert!(told.contains("failure reason"), "{told}");
    assert_eq!(targets(&mut host, conn), [question(forged)]);
    reply(&mut host, conn, "no");
    assert!(ask(&mut host, &marked(forged, 1000)).contains("failure reason"));
    assert_eq!(host.service.server().table().totals().peers(), 0);

    host.advance(2 * SECOND);
    let greeting = format!("GET {} HTTP/1.1\r\n\r\n", hello(THEIRS));
    assert_eq!(ask(&mut host, &greeting), "unknown");
    assert_eq!(targets(&mut host, conn), [question(THEIRS)]);
    reply(&mut host, conn, "yes");
    assert_eq!(ask(&mut host, &greeting), "known");
    assert_eq!(ask(&mut host, &marked(THEIRS, 1000)), "de");
    assert_eq!(host.service.server().table().totals().peers(), 1);
    assert_eq!(
        targets(&mut host, conn),
        [""; 0],
        "and it is told to nobody"
    );
}

#[test]
fn calls_become_rare_and_a_greeting_brings_one_at_once() {
    let mut host = paired();
    let mut calls = 0;
    for _ in 0..100 {
        while let Some(token) = host.dials.pop_front() {
            calls += 1;
            let why = DialError::Refused;
            host.handle(Input::DialFailed { token, why });
        }
        host.advance(SECOND);
    }
    assert!((8..15).contains(&calls), "{calls}");
    let refused = Standing::Trouble(Trouble::NotReached(DialError::Refused));
    assert_eq!(reports(&mut host), [refused], "once");
    while host.dials.is_empty() {
        host.advance(SECOND);
    }
    let token = host.dials.pop_front().unwrap();
    let why = DialError::Refused;
    host.handle(Input::DialFailed { token, why });
    host.advance(2 * SECOND);
    assert!(host.dials.is_empty());
    ask(
        &mut host,
        &format!("GET {} HTTP/1.1\r\n\r\n", hello(THEIRS)),
    );
    let conn = host.answer(OTHER);
    assert_eq!(targets(&mut host, conn), [hello(OWN), question(THEIRS)]);
}

#[test]
fn whoever_falls_silent_is_called_again() {
    let (mut host, conn) = known();
    host.advance(35 * SECOND);
    assert!(host.is_open(conn), "the greeting has some time");
    host.advance(10 * SECOND);
    assert!(!host.is_open(conn));
    assert_eq!(
        reports(&mut host),
        [Standing::Paired, Standing::Trouble(Trouble::Silent)]
    );
    ask(&mut host, &announce(1, 0, "HTTP/1.1"));
    let conn = host.answer(OTHER);
    reply(&mut host, conn, "known");
    assert_eq!(
        targets(&mut host, conn).len(),
        2,
        "a greeting, and what happened meanwhile"
    );
    // One who ends the connection is called again too.
    host.send_no_more(conn);
    assert!(!host.is_open(conn));
    host.advance(5 * SECOND);
    host.answer(OTHER);
}

#[test]
fn what_was_told_leaves_before_the_end() {
    let (mut host, conn) = known();
    host.read_only(conn, 0);
    ask(&mut host, &announce(1, 0, "HTTP/1.1"));
    host.handle(Input::Shutdown);
    assert!(!host.has_stopped);
    host.read_only(conn, usize::MAX);
    assert_eq!(targets(&mut host, conn).len(), 1);
    assert!(host.has_stopped && !host.is_open(conn));

    let (mut host, conn) = known();
    host.read_only(conn, 0);
    ask(&mut host, &announce(1, 0, "HTTP/1.1"));
    host.advance(SECOND / 3);
    host.handle(Input::Shutdown);
    host.advance(2 * SECOND);
    assert!(host.has_stopped, "nor is it waited for for ever");
}

#[test]
fn no_more_is_asked_than_may_wait_for_an_answer() {
    let (mut host, conn) = known();
    for port in 1..=1000 {
        ask(&mut host, &announce(port, 0, "HTTP/1.1"));
    }
    let mut told = targets(&mut host, conn).len();
    assert_eq!(told, 256);
    assert_eq!(host.service.pair_json()["queued"], 744);
    for answered in 0..1000 {
        assert!(answered < told);
        reply(&mut host, conn, "de");
        told += targets(&mut host, conn).len();
    }
    assert_eq!(
        (told, &host.service.pair_json()["told"]),
        (1000, &1000.into())
    );
}

#[test]
fn the_operators_pages_tell_of_the_pair() {
    let (mut host, _) = known();
    let mut get = |path: &str| {
        let conn = host.open_at(ADMIN, CLIENT);
        let (_, body) = host
            .ask(conn, &format!("GET {path} HTTP/1.1\r\n\r\n"))
            .remove(0);
        String::from_utf8(body).unwrap()
    };
    let stats: serde_json::Value = serde_json::from_str(&get("/stats")).unwrap();
    assert_eq!(stats["pair"]["other"], OTHER);
    assert_eq!(
        (&stats["pair"]["state"], &stats["pair"]["confirmed"]),
        (&"paired".into(), &false.into())
    );
    let metrics = get("/metrics");
    assert!(metrics.contains("\nmt_tracker_pair_up 1\n"), "{metrics}");
}
