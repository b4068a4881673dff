//! A tracker answers a client with anything at all: an HTTP response reads the same however its bytes
//! are cut, and what it tells holds to its limits; datagrams that belong to nothing change nothing.
//!
//! The first byte cuts the stream, the second says whose answer the rest is.

#![no_main]

use std::net::SocketAddr;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mt::base::limits::{
    TRACKER_REPLY_LEN_BYTES_MAX, TRACKER_REPLY_PEERS_MAX, TRACKER_TEXT_LEN_BYTES_MAX,
};
use mt::base::{Instant, Sha1Digest, Url};
use mt::tracker::announcer::{Announcer, Facts, Output, Reach, Report, Setup};
use mt::wire::http::{Response, ResponseError, ResponseReader, TrackerReply, parse_tracker_reply};

const OUTPUTS_MAX: usize = 16;

fuzz_target!(|data: &[u8]| {
    let Some(([cut, which], answer)) = data.split_first_chunk() else {
        return;
    };
    if which % 2 == 0 {
        let response = read(answer, answer.len().max(1));
        assert_eq!(response, read(answer, usize::from(*cut) + 1));
        if let Ok(response) = response {
            check_reply(&response.body);
            announce_by_http(&response);
        }
    } else {
        announce_by_udp(answer);
    }
    check_reply(answer);
});

fn read(bytes: &[u8], piece_len: usize) -> Result<Response, ResponseError> {
    let mut reader = ResponseReader::new(TRACKER_REPLY_LEN_BYTES_MAX);
    for piece in bytes.chunks(piece_len) {
        if let Some(response) = reader.feed(piece)? {
            return Ok(response);
        }
    }
    reader.end_of_stream()
}

fn check_reply(body: &[u8]) {
    if let Ok(TrackerReply::Told(told)) = parse_tracker_reply(body) {
        check_peers(&told.peers);
        // A byte that is no text becomes a character of three.
        let text_len = told.warning.map_or(0, |warning| warning.len());
        assert!(text_len <= 3 * TRACKER_TEXT_LEN_BYTES_MAX);
    }
}

fn check_peers(peers: &[SocketAddr]) {
    assert!(peers.len() <= TRACKER_REPLY_PEERS_MAX);
    assert!(peers.iter().all(|peer| peer.port() != 0));
    let mut sorted = peers.to_vec();
    sorted.sort_unstable();
    assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]));
}

fn announcer(url: &str) -> Announcer {
    let setup = Setup {
        info_hash: Sha1Digest([1; 20]),
        peer_id: [2; 20],
        port: 6881,
        tiers: vec![vec![Url::parse(url).expect("a URL")]],
        reach: Reach::EachTier,
        seed: 3,
    };
    let facts = Facts {
        left_bytes: 1,
        ..Facts::default()
    };
    let mut announcer = Announcer::new(setup, facts);
    announcer.tick(Instant::ZERO);
    announcer
}

/// Every request gets the same response: also those that it asks for itself, by redirects.
fn announce_by_http(response: &Response) {
    let mut announcer = announcer("http://192.0.2.1/announce");
    let mut outputs = 0;
    while let Some(output) = announcer.poll() {
        outputs += 1;
        assert!(outputs <= OUTPUTS_MAX, "redirects have an end");
        match output {
            Output::Http { id, .. } => announcer.http_done(Instant::ZERO, id, response),
            Output::Resolve { id, .. } => {
                announcer.resolved(Instant::ZERO, id, Ok(vec![[192, 0, 2, 1].into()]));
            }
            Output::Report(Report::Peers(peers)) => check_peers(&peers),
            Output::Report(_) | Output::Abandon { .. } | Output::Udp { .. } => {}
        }
    }
    end(announcer);
}

/// Every datagram is answered with the next part of the input, under its transaction id.
fn announce_by_udp(answer: &[u8]) {
    let mut announcer = announcer("udp://192.0.2.1:6969/announce");
    let mut answers = answer.chunks(64);
    let mut outputs = 0;
    while let Some(output) = announcer.poll() {
        outputs += 1;
        assert!(outputs <= OUTPUTS_MAX, "an announce has an end");
        match output {
            Output::Udp { to, bytes } => {
                let Some(mut reply) = answers.next().map(<[u8]>::to_vec) else {
                    break;
                };
                announcer.datagram(Instant::ZERO, to, &reply);
                if let Some(place) = reply.get_mut(4..8) {
                    place.copy_from_slice(&bytes[12..16]);
                }
                announcer.datagram(Instant::ZERO, to, &reply);
            }
            Output::Report(Report::Peers(peers)) => check_peers(&peers),
            _ => {}
        }
    }
    end(announcer);
}

fn end(mut announcer: Announcer) {
    let by = Instant::ZERO + Duration::from_secs(5);
    announcer.stop(Instant::ZERO, by);
    announcer.tick(by);
    assert!(announcer.is_stopped());
}
