//! Whatever a connection receives, the tracker waits, or answers with one whole response and says where
//! the next request begins.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mt::tracker::Secret;
use mt::tracker::server::{Config, HttpStep, Server};

fuzz_target!(|data: &[u8]| {
    // Without the limiter, whose table takes longer to make than all the rest.
    let config = Config {
        rate: None,
        ..Config::default()
    };
    let mut server = Server::new(config, Secret([1, 2, 3, 4]), 5);
    let from = ([127, 0, 0, 1], 1000).into();
    let mut rest = data;
    let mut out = Vec::new();
    loop {
        out.clear();
        let step = server.http(Duration::ZERO, from, rest, &mut out);
        if step == HttpStep::Wait {
            assert!(out.is_empty());
            break;
        }
        check_response(&out, rest.trim_ascii_start().starts_with(b"HEAD "));
        let HttpStep::Answered { len_bytes } = step else {
            break;
        };
        assert!(len_bytes > 0);
        rest = &rest[len_bytes..];
    }
});

fn check_response(response: &[u8], may_lack_body: bool) {
    let end = response.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = response.split_at(end.expect("a whole head") + 4);
    let head = str::from_utf8(head).expect("a head of text");
    let field = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length:"));
    let len_bytes: usize = field.expect("a length").trim().parse().expect("a number");
    assert!(body.len() == len_bytes || may_lack_body && body.is_empty());
}
