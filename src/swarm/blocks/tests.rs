use super::*;
use crate::base::BLOCK_LEN_BYTES;

/// Three pieces of four blocks, the last a block short.
fn blocks() -> Blocks {
    let geometry = Geometry::new(u64::from(BLOCK_LEN_BYTES) * 11 - 5, 4 * BLOCK_LEN_BYTES);
    let geometry = geometry.unwrap();
    Blocks::new(geometry, Bitfield::none(3))
}

fn conn(slot: u32) -> ConnId {
    ConnId::new(slot, 1)
}

fn piece(index: u32) -> PieceIndex {
    blocks().geometry.piece(index).unwrap()
}

fn receive(blocks: &mut Blocks, block: Block, from: u32) -> Filled {
    assert_eq!(blocks.claim(block, conn(from)), Claim::Yours);
    blocks.filled(block, conn(from), Contributor(from))
}

#[test]
fn a_piece_is_received_hashed_and_had() {
    let mut blocks = blocks();
    blocks.begin(piece(2));
    for number in 0..3 {
        let block = blocks.lease_next(piece(2), conn(1)).unwrap();
        assert_eq!((block.piece(), block.number()), (piece(2), number));
        assert!(blocks.is_leased_to(block, conn(1)));
        let filled = receive(&mut blocks, block, 1);
        assert_eq!(filled.also_asked, []);
        assert_eq!(filled.is_piece_filled, number == 2);
    }
    assert_eq!(blocks.lease_next(piece(2), conn(1)), None);
    blocks.keep(piece(2));
    assert!(blocks.have().has(piece(2)) && !blocks.is_in_progress(piece(2)));
}

#[test]
fn what_was_given_back_is_leased_first() {
    let mut blocks = blocks();
    blocks.begin(piece(0));
    let leases: Vec<_> = (0..3)
        .map(|_| blocks.lease_next(piece(0), conn(1)).unwrap())
        .collect();
    assert!(blocks.give_back(leases[1], conn(1)));
    assert!(!blocks.give_back(leases[1], conn(1)));
    assert_eq!(blocks.claim(leases[1], conn(1)), Claim::NotWanted);
    assert_eq!(blocks.lease_next(piece(0), conn(2)), Some(leases[1]));
    assert!(!blocks.give_back(leases[1], conn(1)), "another holds it");
    blocks.give_back_all(conn(1));
    assert_eq!(blocks.lease_next(piece(0), conn(2)), Some(leases[0]));
    assert_eq!(blocks.lease_next(piece(0), conn(2)), Some(leases[2]));
}

#[test]
fn a_wrong_piece_names_who_brought_what_and_keeps_its_padding() {
    let mut blocks = blocks();
    blocks.begin(piece(0));
    let padding = blocks.geometry.block(piece(0), 3).unwrap();
    assert!(!blocks.prefill(padding));
    for from in [1, 2, 1] {
        let block = blocks.lease_next(piece(0), conn(from)).unwrap();
        receive(&mut blocks, block, from);
    }
    let [one, two] = [1, 2].map(|by| Some(Contributor(by)));
    assert_eq!(blocks.reject(piece(0)), [one, two, one, None]);
    let again: Vec<_> = std::iter::from_fn(|| blocks.lease_next(piece(0), conn(3))).collect();
    assert_eq!(again.len(), 3);
    assert!(blocks.is_all_leased());
}

#[test]
fn the_lease_goes_to_the_first_whose_header_arrives() {
    let mut blocks = blocks();
    let all = Bitfield::all(3);
    blocks.begin(piece(2));
    let block = blocks.lease_next(piece(2), conn(1)).unwrap();
    assert_eq!(blocks.ask_also(conn(1), &all, |_| true), None, "its own");
    for other in [2, 3, 4] {
        assert_eq!(blocks.ask_also(conn(other), &all, |_| true), Some(block));
    }
    assert_eq!(blocks.ask_also(conn(5), &all, |_| true), None, "enough");

    assert_eq!(blocks.claim(block, conn(2)), Claim::Yours);
    assert!(!blocks.is_leased_to(block, conn(1)));
    assert_eq!(blocks.claim(block, conn(3)), Claim::Taken);
    assert_eq!(blocks.claim(block, conn(3)), Claim::NotWanted);
    assert_eq!(blocks.claim(block, conn(5)), Claim::NotWanted);
    let filled = blocks.filled(block, conn(2), Contributor(2));
    assert_eq!(filled.also_asked, [conn(1), conn(4)]);
    assert_eq!(blocks.claim(block, conn(1)), Claim::NotWanted);
}

#[test]
fn a_holder_that_stalls_loses_what_it_began() {
    let mut blocks = blocks();
    let all = Bitfield::all(3);
    blocks.begin(piece(2));
    let [begun, asked] = [(); 2].map(|()| blocks.lease_next(piece(2), conn(1)).unwrap());
    assert_eq!(blocks.claim(begun, conn(1)), Claim::Yours);
    blocks.loosen_all(conn(1));
    assert_eq!(blocks.claim(begun, conn(1)), Claim::NotWanted);

    // What it has not begun is another's now, but may still come from it.
    assert_eq!(blocks.lease_next(piece(2), conn(2)), Some(begun));
    assert_eq!(blocks.lease_next(piece(2), conn(2)), Some(asked));
    assert_eq!(blocks.claim(asked, conn(1)), Claim::Yours);
    assert!(!blocks.is_leased_to(asked, conn(2)));
    let filled = blocks.filled(asked, conn(1), Contributor(1));
    assert_eq!(filled.also_asked, [conn(2)]);
    assert!(blocks.lease_next(piece(2), conn(1)).is_some());
    assert_eq!(blocks.ask_also(conn(3), &all, |_| true), Some(begun));
}

#[test]
fn a_connection_is_not_asked_twice() {
    let mut blocks = blocks();
    let all = Bitfield::all(3);
    blocks.begin(piece(2));
    while blocks.lease_next(piece(2), conn(1)).is_some() {}
    blocks.loosen_all(conn(1));
    assert_eq!(blocks.lease_next(piece(2), conn(1)), None);
    assert_eq!(blocks.pick_orphan(conn(1), &all, |_| true), None);
    assert_eq!(blocks.pick_orphan(conn(2), &all, |_| true), Some(piece(2)));
}

#[test]
fn orphans_are_finished_and_long_pieces_shared() {
    let mut blocks = blocks();
    let all = Bitfield::all(3);
    for index in 0..3 {
        blocks.begin(piece(index));
    }
    blocks.lease_next(piece(2), conn(1)).unwrap();
    blocks.lease_next(piece(0), conn(1)).unwrap();
    blocks.lease_next(piece(0), conn(1)).unwrap();
    let ready = |_| true;
    assert_eq!(blocks.pick_orphan(conn(2), &all, ready), Some(piece(1)));
    assert_eq!(blocks.pick_shared(conn(2), &all, ready), Some(piece(1)));
    let not_the_middle = |candidate| candidate != piece(1);
    assert_eq!(blocks.pick_orphan(conn(2), &all, not_the_middle), None);
    assert!(blocks.pick_shared(conn(2), &all, not_the_middle).is_some());
    assert_eq!(blocks.pick_shared(conn(2), &Bitfield::none(3), ready), None);

    let block = blocks.lease_next(piece(2), conn(1)).unwrap();
    let cancels = blocks.abandon(piece(2));
    assert_eq!(cancels.len(), 2);
    assert_eq!(cancels[1], (block, conn(1)));
    assert_eq!(blocks.claim(block, conn(1)), Claim::NotWanted);
}

#[test]
#[should_panic(expected = "a block has one writer")]
fn nobody_fills_what_it_does_not_hold() {
    let mut blocks = blocks();
    blocks.begin(piece(0));
    let block = blocks.lease_next(piece(0), conn(1)).unwrap();
    assert_eq!(blocks.claim(block, conn(1)), Claim::Yours);
    blocks.filled(block, conn(2), Contributor(2));
}
