//! Blocks that are received straight into their places: plans that guess right and wrong.

use std::io::Write as _;
use std::net::Shutdown;

use mt::base::{CloseReason, Rng};

use crate::places::Place;
use crate::taker::{Event, block, message, take_into};

const BLOCK_LEN_BYTES: u32 = 1000;
const BLOCK_COUNT: u32 = 8;

fn place() -> Place {
    Place::new(BLOCK_LEN_BYTES, BLOCK_COUNT)
}

fn assert_whole(place: &Place, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        assert_eq!(place.block(number), place.content(number), "block {number}");
    }
}

#[test]
fn a_guess_that_holds_copies_nothing() {
    let place = place();
    let mut taking = take_into(&place);
    let sent: Vec<u8> = (0..BLOCK_COUNT).flat_map(|it| block(&place, it)).collect();
    taking.stream.write_all(&sent).unwrap();
    taking.resume();
    let landed: Vec<_> = (0..BLOCK_COUNT).map(Event::Landed).collect();
    taking.expect(&landed);
    assert_whole(&place, 0..BLOCK_COUNT);
    let counters = taking.finish().counters;
    assert_eq!(counters.misplaced_bytes, 0);
    assert_eq!(counters.received_bytes, sent.len() as u64);
}

#[test]
fn a_message_between_any_two_blocks_moves_what_is_behind_it() {
    for before in 0..BLOCK_COUNT {
        let place = place();
        let mut taking = take_into(&place);
        let mut sent = Vec::new();
        let mut events = Vec::new();
        for number in 0..BLOCK_COUNT {
            if number == before {
                sent.extend(message(b'n', 77));
                events.push(Event::Note(77));
            }
            sent.extend(block(&place, number));
            events.push(Event::Landed(number));
        }
        taking.stream.write_all(&sent).unwrap();
        taking.resume();
        taking.expect(&events);
        assert_whole(&place, 0..BLOCK_COUNT);
        let misplaced = taking.finish().counters.misplaced_bytes;
        assert!(misplaced > 0, "{before}");
    }
}

#[test]
fn blocks_in_another_order_find_their_places() {
    let place = place();
    let mut taking = take_into(&place);
    let order = [3, 0, 7, 6, 5, 1, 2, 4];
    let sent: Vec<u8> = order.iter().flat_map(|it| block(&place, *it)).collect();
    taking.stream.write_all(&sent).unwrap();
    taking.resume();
    taking.expect(&order.map(Event::Landed));
    assert_whole(&place, 0..BLOCK_COUNT);
    assert!(taking.finish().counters.misplaced_bytes > 0);
}

#[test]
fn bytes_that_come_one_by_one_land() {
    let place = Place::new(40, 3);
    let mut taking = take_into(&place);
    taking.resume();
    let messages = [
        block(&place, 0),
        message(b'n', 5),
        block(&place, 2),
        block(&place, 1),
    ];
    for byte in messages.concat() {
        taking.stream.write_all(&[byte]).unwrap();
    }
    taking.expect(&[
        Event::Landed(0),
        Event::Note(5),
        Event::Landed(2),
        Event::Landed(1),
    ]);
    assert_whole(&place, 0..3);
    taking.finish();
}

#[test]
fn what_was_misplaced_waits_out_a_pause() {
    let place = place();
    let mut taking = take_into(&place);
    let messages = [
        block(&place, 0),
        message(b'p', 1),
        block(&place, 1),
        message(b'p', 2),
        block(&place, 2),
        block(&place, 3),
    ];
    taking.stream.write_all(&messages.concat()).unwrap();
    taking.stream.shutdown(Shutdown::Write).unwrap();
    taking.resume();
    taking.expect(&[Event::Landed(0), Event::Note(1)]);
    taking.resume();
    taking.expect(&[Event::Landed(1), Event::Note(2)]);
    taking.resume();
    taking.expect(&[
        Event::Landed(2),
        Event::Landed(3),
        Event::EndOfStream,
        Event::Closed(CloseReason::Ended),
    ]);
    assert_whole(&place, 0..4);
    let misplaced = taking.finish().counters.misplaced_bytes;
    // Copied out once, however often the core pauses.
    assert!(misplaced <= messages.concat().len() as u64);
}

#[test]
fn a_lease_that_is_given_up_in_between_keeps_later_bytes_out() {
    let place = place();
    let mut taking = take_into(&place);
    let messages = [
        block(&place, 0),
        message(b'g', 0),
        message(b'p', 9),
        block(&place, 1),
        block(&place, 2),
    ];
    taking.stream.write_all(&messages.concat()).unwrap();
    taking.resume();
    taking.expect(&[Event::Landed(0), Event::Note(9)]);
    // The lease is somebody else's now, who fills it.
    let others = vec![0xee; BLOCK_LEN_BYTES as usize];
    place.put(1, &others);
    place.put(2, &others);
    taking.resume();
    taking.expect(&[Event::Thrown(1), Event::Thrown(2)]);
    assert_eq!((place.block(1), place.block(2)), (others.clone(), others));
    taking.finish();
}

#[test]
fn a_connection_that_is_ended_in_between_hears_of_nothing_more() {
    let place = place();
    let mut taking = take_into(&place);
    let messages = [block(&place, 0), message(b'e', 0), block(&place, 1)];
    taking.stream.write_all(&messages.concat()).unwrap();
    taking.resume();
    taking.expect(&[Event::Landed(0), Event::Closed(CloseReason::Ended)]);
    assert_eq!(taking.finish().connections, 0);
}

#[test]
fn a_block_longer_than_one_call_receives_lands() {
    let place = Place::new(3 << 20, 2);
    let mut taking = take_into(&place);
    taking.resume();
    let sent = [block(&place, 0), message(b'n', 1), block(&place, 1)].concat();
    taking.stream.write_all(&sent).unwrap();
    taking.expect(&[Event::Landed(0), Event::Note(1), Event::Landed(1)]);
    taking.finish();
}

/// A stream of some blocks in some order with messages in between, written in pieces of any length.
#[test]
fn whatever_comes_lands_where_it_belongs() {
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let place = Place::new(1 + rng.below(3000), 40);
        let mut taking = take_into(&place);
        let mut unsent: Vec<u32> = (0..place.block_count).collect();
        let mut has_leases = true;
        let (mut sent, mut events) = (Vec::new(), Vec::new());
        while !unsent.is_empty() {
            match rng.below(60) {
                0 => {
                    sent.extend(message(b'g', 0));
                    has_leases = false;
                }
                1..10 => {
                    sent.extend(message(b'n', 8));
                    events.push(Event::Note(8));
                }
                kind => {
                    // Mostly in order, as peers answer.
                    let ahead = if kind < 15 { 5 } else { 1 };
                    let index = rng.below(ahead) as usize;
                    let number = unsent.remove(index.min(unsent.len() - 1));
                    sent.extend(block(&place, number));
                    events.push(if has_leases {
                        Event::Landed(number)
                    } else {
                        Event::Thrown(number)
                    });
                }
            }
        }
        taking.resume();
        let mut rest = sent.as_slice();
        while !rest.is_empty() {
            let len_bytes = 1 + rng.below(30_000) as usize;
            let (piece, after) = rest.split_at(len_bytes.min(rest.len()));
            taking.stream.write_all(piece).unwrap();
            rest = after;
        }
        taking.expect(&events);
        taking.finish();
    }
}
