use std::collections::BTreeSet;

use super::*;

const PIECES: u32 = 3000;

fn geometry() -> Geometry {
    Geometry::new(PIECES.into(), 1).unwrap()
}

fn piece(index: u32) -> PieceIndex {
    geometry().piece(index).unwrap()
}

fn field(indexes: impl IntoIterator<Item = u32>) -> Bitfield {
    let mut field = Bitfield::none(PIECES);
    for index in indexes {
        field.set(piece(index));
    }
    field
}

/// Past the first random pieces, with the last four had.
fn picker() -> Picker {
    Picker::new(geometry(), &field(PIECES - 4..PIECES))
}

#[test]
fn the_first_pieces_are_random_and_those_after_rare() {
    let mut picker = Picker::new(geometry(), &Bitfield::none(PIECES));
    let all = Bitfield::all(PIECES);
    picker.peer_joined(&all);
    picker.peer_joined(&field(1..PIECES));
    let mut rng = Rng::new(1);
    for _ in 0..4 {
        let first: BTreeSet<_> = (0..200)
            .filter_map(|_| picker.pick(&all, |_| true, &mut rng))
            .collect();
        assert!(first.len() > 100, "{}", first.len());
        picker.keep(*first.last().unwrap());
    }
    assert_eq!(picker.pick(&all, |_| true, &mut rng), Some(piece(0)));
    let live = [100..110, 0..1];
    assert_eq!(
        picker.pick_within(&live, &all, None, &mut rng),
        Some(piece(0))
    );
}

#[test]
fn equals_are_picked_at_random() {
    let mut picker = picker();
    let all = Bitfield::all(PIECES);
    picker.peer_joined(&all);
    picker.peer_joined(&field(0..2000));
    let mut rng = Rng::new(2);
    let mut counts = [0; 4];
    for _ in 0..4000 {
        let picked = picker.pick(&all, |_| true, &mut rng).unwrap();
        assert!((2000..PIECES - 4).contains(&picked.get()));
        counts[(picked.get() - 2000) as usize / 250] += 1;
    }
    assert!(counts.iter().all(|c| (850..1150).contains(c)), "{counts:?}");
    counts.fill(0);
    for _ in 0..4000 {
        let picked = picker.pick_within(&[40..60, 80..100], &all, None, &mut rng);
        counts[(picked.unwrap().get() - 40) as usize / 10 % 4] += 1;
    }
    assert!(counts[..2].iter().all(|c| *c > 1500), "{counts:?}");
}

#[test]
fn of_equals_the_next_in_order_follows() {
    let mut picker = picker();
    let all = Bitfield::all(PIECES);
    picker.peer_joined(&all);
    let mut rng = Rng::new(2);
    for index in 200..204 {
        picker.keep(piece(index));
    }
    let live = [40..60, 80..100];
    let mut next =
        |picker: &Picker, before| picker.pick_within(&live, &all, Some(piece(before)), &mut rng);
    assert_eq!(next(&picker, 44), Some(piece(45)));
    assert_eq!(next(&picker, 79), Some(piece(80)));
    // Behind the end of a range, behind the last piece, and where it is taken, any will do.
    picker.begin(piece(45));
    for before in [44, 59, PIECES - 1] {
        let picked = next(&picker, before).unwrap().get();
        assert!(live.iter().any(|range| range.contains(&picked)) && picked != 45);
    }
    // What is rarer comes first all the same.
    picker.peer_joined(&field((0..PIECES).filter(|index| *index != 90)));
    assert_eq!(next(&picker, 50), Some(piece(90)));
}

#[test]
fn what_few_have_is_found_behind_many_rarer_pieces() {
    let mut picker = picker();
    // Nobody who is here has most of the rarest; one has a single piece that all others have.
    for _ in 0..50 {
        picker.peer_joined(&field([7, 8, 9]));
    }
    picker.peer_joined(&field([9]));
    let mut rng = Rng::new(3);
    assert_eq!(picker.pick(&field([9]), |_| true, &mut rng), Some(piece(9)));
    let two = picker.pick(&field([8, 9]), |_| true, &mut rng);
    assert_eq!(two, Some(piece(8)));
    assert_eq!(picker.pick(&field([PIECES - 1]), |_| true, &mut rng), None);
    let none_allowed = picker.pick(&field([8, 9]), |_| false, &mut rng);
    assert_eq!(none_allowed, None);
}

#[test]
fn higher_priorities_come_first_and_unwanted_pieces_never() {
    let mut picker = picker();
    let all = Bitfield::all(PIECES);
    picker.peer_joined(&all);
    picker.peer_joined(&field([5]));
    picker.set_priorities(|piece| match piece.get() {
        5 => Priority::HIGHEST,
        6 | 7 => Priority::NORMAL,
        _ => Priority::UNWANTED,
    });
    assert_eq!(picker.lacking_count(), 3);
    assert_eq!(picker.availability(piece(5)), 2);
    let mut rng = Rng::new(4);
    let mut picked = Vec::new();
    while let Some(next) = picker.pick(&all, |_| true, &mut rng) {
        picker.begin(next);
        picked.push(next.get());
    }
    assert_eq!(picked[0], 5);
    picked.sort_unstable();
    assert_eq!(picked, [5, 6, 7]);
    assert!(picker.is_all_begun() && !picker.is_free(piece(5)));
    assert_eq!(picker.free_within(0..PIECES), 0);
    picker.put_back(piece(6));
    assert_eq!(picker.free_within(0..PIECES + 9), 1);
    assert_eq!(picker.free_within(7..PIECES), 0);
    assert_eq!(picker.pick(&all, |_| true, &mut rng), Some(piece(6)));
    picker.set_priorities(|_| Priority::UNWANTED);
    picker.put_back(piece(7));
    assert_eq!(picker.pick(&all, |_| true, &mut rng), None);
    assert_eq!(Priority::new(8), None);
}

#[test]
fn what_nobody_has_does_not_hold_up_the_end() {
    let mut picker = picker();
    assert!(picker.is_all_begun());
    picker.peer_joined(&field([70, 130]));
    assert!(!picker.is_all_begun());
    picker.begin(piece(70));
    picker.begin(piece(130));
    assert!(picker.is_all_begun());
    let free = [
        (0, PIECES),
        (70, 131),
        (71, 130),
        (64, 128),
        (65, 66),
        (130, 131),
    ]
    .map(|(start, end)| picker.free_within(start..end));
    assert_eq!(free, [PIECES - 6, 59, 59, 63, 1, 0]);
    picker.peer_joined(&Bitfield::all(PIECES));
    assert!(!picker.is_all_begun());
}

#[test]
fn in_order_where_that_is_asked_for() {
    let mut picker = picker();
    picker.set_order(Order::Sequential);
    let all = Bitfield::all(PIECES);
    let mut rng = Rng::new(5);
    for index in 0..5 {
        let next = picker.pick(&all, |_| true, &mut rng);
        assert_eq!(next, Some(piece(index)));
        picker.begin(piece(index));
    }
    let next = picker.pick_within(&[70..80, 60..66], &all, None, &mut rng);
    assert_eq!(next, Some(piece(60)));
}

#[test]
fn peers_that_come_with_little_and_leave_with_everything_are_counted_right() {
    let mut picker = picker();
    for round in 0..100 {
        picker.peer_joined(&field([round]));
        for index in (0..PIECES).filter(|index| *index != round) {
            picker.peer_got(piece(index));
        }
        assert_eq!(picker.availability(piece(17)), 1);
        picker.peer_left(&Bitfield::all(PIECES));
        assert_eq!(picker.availability(piece(17)), 0);
    }
    assert!(picker.class_rungs < 100, "{}", picker.class_rungs);
}
