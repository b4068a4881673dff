use super::*;

fn run(geometry: &Geometry, first: u32, piece_count: u32) -> MappableRun {
    MappableRun {
        first_piece: geometry.piece(first).unwrap(),
        piece_count,
    }
}

#[test]
fn windows_cover_runs_and_buffers_the_rest() {
    let geometry = Geometry::new(40 << 20, 1 << 20).unwrap();
    let runs = vec![run(&geometry, 1, 20), run(&geometry, 22, 18)];
    let grouping = Grouping::new(geometry, runs);
    let mut seen = Vec::new();
    for piece in geometry.pieces() {
        let window = grouping.window_of(piece);
        let group = window.unwrap_or_else(|| grouping.buffer_around(piece, |_| true));
        assert!(group.holds(piece), "{group:?}");
        seen.push((group.pieces(), window.is_some()));
        assert_eq!(
            group.what.len_bytes(),
            u64::from(group.piece_count) << 20,
            "{group:?}"
        );
    }
    seen.dedup();
    assert_eq!(
        seen,
        [
            (0..1, false),
            (1..17, true),
            (17..21, true),
            (21..22, false),
            (22..38, true),
            (38..40, true)
        ]
    );
}

#[test]
fn short_pieces_share_buffers_as_far_as_they_may() {
    let geometry = Geometry::new((40 << 14) + 5, 16 << 10).unwrap();
    let grouping = Grouping::new(geometry, Vec::new());
    let piece = |index| geometry.piece(index).unwrap();
    for (at, taken, pieces, len_bytes) in [
        (3, 99, 0..16, 16 << 14),
        (20, 18, 19..32, 13 << 14),
        (20, 21, 16..21, 5 << 14),
        (33, 99, 32..41, (8 << 14) + 5),
    ] {
        let group = grouping.buffer_around(piece(at), |it| it.get() != taken);
        assert_eq!(group.pieces(), pieces);
        assert_eq!(group.what.len_bytes(), len_bytes);
    }
    let alone = grouping.buffer_around(piece(7), |_| false);
    assert_eq!(alone.pieces(), 7..8);
}

#[test]
fn a_window_gets_what_others_have_not_taken() {
    let geometry = Geometry::new(20 << 20, 1 << 20).unwrap();
    let grouping = Grouping::new(geometry, vec![run(&geometry, 0, 20)]);
    let piece = |index| geometry.piece(index).unwrap();
    let group = grouping.window_around(piece(7), |it| ![4, 9].contains(&it.get()));
    assert_eq!(group.unwrap().pieces(), 5..9);
}

#[test]
fn what_is_read_at_once_holds_the_block_and_stays_in_its_pieces() {
    let geometry = Geometry::new((9 << 20) + 5, 1 << 20).unwrap();
    let grouping = Grouping::new(geometry, vec![run(&geometry, 2, 7)]);
    for (piece, offset, wanted) in [
        (0, 7, (0, 1 << 20)),
        (2, 0, (2 << 20, 4 << 20)),
        (6, 9, (6 << 20, 3 << 20)),
        (9, 1, (9 << 20, 5)),
    ] {
        let piece = geometry.piece(piece).unwrap();
        let (offset_bytes, len_bytes) = wanted;
        assert_eq!(
            grouping.read_around(&grouping.read_with(piece), piece, offset, 4 << 20),
            Stretch {
                offset_bytes,
                len_bytes
            }
        );
    }
}

#[test]
fn neighbours_that_are_ready_are_one_range() {
    let geometry = Geometry::new(64 << 14, 16 << 10).unwrap();
    let grouping = Grouping::new(geometry, Vec::new());
    let mut places = LandingPlaces::default();
    let group = |at| grouping.buffer_around(geometry.piece(at).unwrap(), |_| true);
    let ids = [3, 0, 1].map(|slot| PlaceId::new(slot, 0));
    for (id, at) in ids.into_iter().zip([0, 48, 16]) {
        places.push(Instant::ZERO, id, group(at));
    }
    assert!(places.ready_ranges().is_empty() && places.is_any_opening());
    for id in ids {
        places.opened(Instant::ZERO, id).unwrap();
    }
    assert!(!places.is_any_opening());
    assert_eq!(places.ready_ranges(), [0..32, 48..64]);
    let is_ready = |places: &LandingPlaces, at| places.is_ready(geometry.piece(at).unwrap());
    assert!(is_ready(&places, 31) && !is_ready(&places, 32));
    places.remove(ids[0]).unwrap();
    assert_eq!(places.ready_ranges(), [16..32, 48..64]);
    assert!(!is_ready(&places, 15) && is_ready(&places, 16));
}
