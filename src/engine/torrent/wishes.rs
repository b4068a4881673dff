//! How much each part of the content is wanted.

use crate::base::{Bitfield, Geometry, PieceIndex};
use crate::swarm::{Picker, Priority};

/// What is wanted of a torrent, besides what is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wishes {
    Everything,
    /// These parts, in order and without overlap; what lies in none of them is not wanted.
    Parts(Vec<Wish>),
    /// What is there is given, and nothing is fetched.
    Nothing,
}

/// How much a part of the content is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// From the start of the content, padding included.
    pub from_bytes: u64,
    pub to_bytes: u64,
    pub priority: Priority,
}

impl Wishes {
    /// A piece is wanted as much as any part of it.
    pub(super) fn picker(&self, geometry: Geometry, have: &Bitfield) -> Picker {
        let mut picker = Picker::new(geometry, have);
        match self {
            Self::Everything => {}
            Self::Parts(wishes) => {
                picker.set_priorities(|piece| priority_of(wishes, geometry, piece));
            }
            Self::Nothing => picker.set_priorities(|_| Priority::UNWANTED),
        }
        picker
    }

    /// The parts of the content that count for nothing, in order: padding, and what is not wanted.
    pub(super) fn uncounted(&self, padding: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let Self::Parts(wishes) = self else {
            return padding.to_vec();
        };
        let unwanted = wishes
            .iter()
            .filter(|wish| wish.priority == Priority::UNWANTED)
            .map(|wish| (wish.from_bytes, wish.to_bytes));
        let mut uncounted: Vec<_> = unwanted.chain(padding.iter().copied()).collect();
        uncounted.sort_unstable();
        uncounted
    }
}

fn priority_of(wishes: &[Wish], geometry: Geometry, piece: PieceIndex) -> Priority {
    let start_bytes = geometry.start_of(piece);
    let end_bytes = start_bytes + u64::from(geometry.len_of(piece));
    let behind = wishes.partition_point(|wish| wish.to_bytes <= start_bytes);
    let within = wishes[behind..]
        .iter()
        .take_while(|wish| wish.from_bytes < end_bytes);
    let most = within.map(|wish| wish.priority).max();
    most.unwrap_or(Priority::UNWANTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_wanted_as_much_as_any_part_of_it() {
        let geometry = Geometry::new(50, 10).unwrap();
        let wish = |from_bytes, to_bytes, priority| Wish {
            from_bytes,
            to_bytes,
            priority,
        };
        let wishes = Wishes::Parts(vec![
            wish(0, 12, Priority::UNWANTED),
            wish(12, 13, Priority::NORMAL),
            wish(13, 20, Priority::HIGHEST),
            wish(25, 41, Priority::UNWANTED),
            wish(41, 50, Priority::NORMAL),
        ]);
        let picker = wishes.picker(geometry, &Bitfield::none(5));
        let lacking: Vec<bool> = geometry.pieces().map(|p| picker.is_lacking(p)).collect();
        assert_eq!(lacking, [false, true, false, false, true]);
        assert_eq!(wishes.uncounted(&[(20, 25)]), [(0, 12), (20, 25), (25, 41)]);
        let mut rng = crate::base::Rng::new(1);
        let picked = picker.pick(&Bitfield::all(5), |_| true, &mut rng);
        assert_eq!(picked, geometry.piece(1), "the highest comes first");
    }
}
