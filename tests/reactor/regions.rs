//! Blocks that are sent straight from their places.

use std::io::Read as _;

use mt::base::CloseReason;

use crate::giver::give_from;
use crate::harness::{expect, expect_end};
use crate::places::Place;
use crate::taker::block;

#[test]
fn regions_leave_in_order_between_their_heads() {
    let place = Place::full(1000, 50);
    let mut giving = give_from(&place);
    for number in 0..50 {
        expect(&mut giving.stream, &block(&place, number));
    }
    expect_end(&mut giving.stream);
    assert_eq!(giving.closed(), CloseReason::Ended);
    let (stats, _) = giving.finish();
    assert_eq!(stats.counters.sent_bytes, 50 * 1005);
}

#[test]
fn writes_that_end_anywhere_go_on_where_they_ended() {
    let place = Place::full(70_001, 400);
    let mut giving = give_from(&place);
    let mut received: Vec<u8> = Vec::new();
    // Reads that are not of the length of anything that is sent.
    let mut buffer = vec![0; 33_333];
    while let Ok(len_bytes @ 1..) = giving.stream.read(&mut buffer) {
        received.extend(&buffer[..len_bytes]);
    }
    let sent: Vec<u8> = (0..400).flat_map(|it| block(&place, it)).collect();
    assert!(received == sent);
    let (_, short_writes) = giving.finish();
    assert!(short_writes > 0);
}
