//! Places whose files are cut short: the connection ends, and the process lives.

use std::io::{Read as _, Write as _};

use mt::base::CloseReason;

use crate::giver::give_from;
use crate::places::Place;
use crate::taker::{Event, block, message, take_into};

const BLOCK_LEN_BYTES: u32 = 16 << 10;

const ATTEMPTS: usize = 50;

#[test]
fn receiving_into_a_hole_ends_the_connection() {
    let place = Place::new(BLOCK_LEN_BYTES, 4);
    let mut taking = take_into(&place);
    let sent: Vec<u8> = (0..4).flat_map(|it| block(&place, it)).collect();
    place.cut_to(1);
    taking.stream.write_all(&sent).unwrap();
    taking.resume();
    let mut events = vec![taking.event()];
    // How much of what is before the hole arrives is up to the kernel.
    while !matches!(events.last(), Some(Event::Closed(_))) {
        events.push(taking.event());
    }
    let closed = Event::Closed(CloseReason::PlaceGone);
    assert!(
        events == [closed.clone()] || events == [Event::Landed(0), closed],
        "{events:?}"
    );
    taking.finish();
}

#[test]
fn a_hole_that_cuts_a_read_short_is_met_without_further_bytes() {
    let place = Place::new(BLOCK_LEN_BYTES, 4);
    let mut taking = take_into(&place);
    taking.resume();
    taking.stream.write_all(&block(&place, 0)).unwrap();
    taking.expect(&[Event::Landed(0)]);
    place.cut_to(2);
    taking.stream.write_all(&block(&place, 1)).unwrap();
    taking.stream.write_all(&block(&place, 2)).unwrap();
    taking.expect(&[Event::Landed(1), Event::Closed(CloseReason::PlaceGone)]);
    taking.finish();
}

#[test]
fn replaying_into_a_hole_ends_the_connection() {
    // On a busy machine the reactor may read the message before the blocks are there, and then
    // there is nothing to replay.
    assert!((0..ATTEMPTS).any(|_| replays_into_a_hole()));
}

fn replays_into_a_hole() -> bool {
    let place = Place::new(BLOCK_LEN_BYTES, 4);
    let mut taking = take_into(&place);
    let sent = [message(b'p', 1), block(&place, 0), block(&place, 1)].concat();
    taking.stream.write_all(&sent).unwrap();
    taking.resume();
    taking.expect(&[Event::Note(1)]);
    place.cut_to(0);
    taking.resume();
    taking.expect(&[Event::Closed(CloseReason::PlaceGone)]);
    taking.finish().counters.misplaced_bytes > 0
}

#[test]
fn sending_from_a_hole_ends_the_connection() {
    for blocks_left in [0, 3, 200] {
        let place = Place::full(BLOCK_LEN_BYTES, 1000);
        place.cut_to(blocks_left);
        let mut giving = give_from(&place);
        let mut received = Vec::new();
        // Whether the end looks like a reset is up to the kernel.
        let _ = giving.stream.read_to_end(&mut received);
        assert_eq!(giving.closed(), CloseReason::PlaceGone);
        let sent: Vec<u8> = (0..blocks_left).flat_map(|it| block(&place, it)).collect();
        let whole = received.len().min(sent.len());
        assert!(received[..whole] == sent[..whole]);
        giving.finish();
    }
}
