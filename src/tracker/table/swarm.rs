//! One swarm, in a cache line.

use super::chunked::ALLOCATION_OVERHEAD_BYTES;
use super::roster::{FEW_MAX, Few, Many, Role, Roster};
use crate::base::Sha1Digest;
use crate::tracker::keyed::TableHasher;

#[derive(Debug)]
pub(super) struct Swarm {
    pub(super) info_hash: Sha1Digest,
    /// How many have completed the download, ever since the tracker knows of the swarm.
    pub(super) downloads: u32,
    pub(super) v4: PeersV4,
    pub(super) v6: Option<Box<Many<18>>>,
}

#[derive(Debug)]
pub(super) enum PeersV4 {
    Few(Few),
    Many(Box<Many<6>>),
}

/// Runs the same code over whichever roster is there.
macro_rules! with_v4 {
    ($peers:expr, $roster:ident => $code:expr) => {
        match $peers {
            crate::tracker::table::swarm::PeersV4::Few($roster) => $code,
            crate::tracker::table::swarm::PeersV4::Many($roster) => $code,
        }
    };
}
pub(super) use with_v4;

impl Swarm {
    pub(super) fn new(info_hash: Sha1Digest) -> Self {
        Self {
            info_hash,
            downloads: 0,
            v4: PeersV4::Few(Few::default()),
            v6: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.peers() == 0
    }

    /// Of both families.
    pub(super) fn peers(&self) -> usize {
        let v4 = with_v4!(&self.v4, roster => roster.len());
        v4 + self.v6.as_ref().map_or(0, |roster| roster.len())
    }

    pub(super) fn seeders(&self) -> usize {
        let v4 = with_v4!(&self.v4, roster => roster.seeders());
        v4 + self.v6.as_ref().map_or(0, |roster| roster.seeders())
    }

    /// What lies outside of the swarm's own bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        let boxed = |own: usize, heap: usize| own + heap + ALLOCATION_OVERHEAD_BYTES;
        let v4 = match &self.v4 {
            PeersV4::Few(_) => 0,
            PeersV4::Many(many) => boxed(size_of::<Many<6>>(), many.heap_bytes()),
        };
        let v6 = self
            .v6
            .as_ref()
            .map_or(0, |many| boxed(size_of::<Many<18>>(), many.heap_bytes()));
        v4 + v6
    }
}

impl PeersV4 {
    /// Sees to room for one more.
    pub(super) fn make_room(&mut self, hasher: TableHasher) {
        if let Self::Few(few) = self
            && few.len() == FEW_MAX
        {
            let mut many = Box::new(Many::default());
            // Few are scanned, not indexed: nothing can collide.
            if copy(few, many.as_mut(), hasher) {
                *self = Self::Many(many);
            }
        }
    }

    /// Gives memory back once few are left; not at the very border, where the next peer may come.
    pub(super) fn give_room_back(&mut self, hasher: TableHasher) {
        if let Self::Many(many) = self
            && many.len() < FEW_MAX
        {
            let mut few = Few::default();
            if copy(many.as_ref(), &mut few, hasher) {
                *self = Self::Few(few);
            }
        }
    }
}

fn copy(from: &impl Roster<6>, to: &mut impl Roster<6>, hasher: TableHasher) -> bool {
    (0..from.len()).all(|at| {
        let role = if at < from.seeders() {
            Role::Seeder
        } else {
            Role::Leecher
        };
        to.add(*from.slot(at), role, hasher).is_ok()
    })
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    #[test]
    fn a_swarm_fits_a_cache_line() {
        assert_eq!(size_of::<Swarm>(), 64);
    }
}
