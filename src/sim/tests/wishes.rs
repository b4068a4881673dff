//! Some of the content is wanted, or nothing more.

use super::support::{add_seeder, assert_complete, medium_content, seconds, with_seeds};
use crate::base::Geometry;
use crate::engine::{Phase, Wish, Wishes};
use crate::sim::{Client, Disk, MachineId, World};
use crate::swarm::Priority;

/// What begins in the middle of one piece and ends in the middle of another.
fn some_of(geometry: Geometry) -> (Wishes, u64) {
    let piece_bytes = u64::from(geometry.piece_len_bytes());
    let (from_bytes, to_bytes) = (3 * piece_bytes + 100, 9 * piece_bytes + 7);
    let parts = [
        (0, from_bytes, Priority::UNWANTED),
        (from_bytes, to_bytes, Priority::NORMAL),
        (to_bytes, geometry.total_bytes(), Priority::UNWANTED),
    ];
    let wish = |(from_bytes, to_bytes, priority)| Wish {
        from_bytes,
        to_bytes,
        priority,
    };
    (
        Wishes::Parts(parts.map(wish).to_vec()),
        to_bytes - from_bytes,
    )
}

fn is_seeding(world: &World, client: MachineId) -> bool {
    let report = world.report(client);
    report.is_some_and(|report| report.phase == Phase::Seeding)
}

#[test]
fn what_is_wanted_is_fetched_in_whole_pieces_and_nothing_else() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let seeder = add_seeder(&mut world, &content);
        let mut client = Client::new(Disk::empty(&content));
        client.peers = vec![world.address(seeder)];
        let (wishes, wanted_bytes) = some_of(content.geometry);
        client.wishes = wishes;
        let client = world.add_client(client);
        assert!(world.run_until(seconds(60), |world| is_seeding(world, client)));
        world.run_for(seconds(2));
        let have = world.with_disk(client, |disk| disk.have()).unwrap();
        for piece in content.geometry.pieces() {
            assert_eq!(have.has(piece), (3..10).contains(&piece.get()), "{piece:?}");
        }
        let report = world.report(client).unwrap();
        assert_eq!(report.total_bytes, wanted_bytes);
        assert_eq!(report.have_bytes, wanted_bytes);
        let piece_bytes = u64::from(content.geometry.piece_len_bytes());
        assert_eq!(report.downloaded_bytes, 7 * piece_bytes);
        assert_eq!(report.connected_peers, 0, "neither wants anything");
    });
}

/// Who has only what is not wanted is asked for nothing, and told so.
#[test]
fn who_has_nothing_that_is_wanted_is_not_interesting() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let mut other = Client::new(Disk::with_pieces(&content, |piece| piece.get() >= 10));
        other.wishes = Wishes::Nothing;
        let other = world.add_client(other);
        let mut client = Client::new(Disk::empty(&content));
        client.peers = vec![world.address(other)];
        client.wishes = some_of(content.geometry).0;
        let client = world.add_client(client);
        world.run_for(seconds(30));
        let report = world.report(client).unwrap();
        assert_eq!((report.have_bytes, report.downloaded_bytes), (0, 0));
        assert_eq!(world.report(other).unwrap().uploaded_bytes, 0);
    });
}

/// What it fetched it gives on, though it is not everything, until all that want it have it.
#[test]
fn what_some_got_others_get_from_them() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let first_half = |piece: crate::base::PieceIndex| piece.get() < 22;
        let mut halves = [
            Client::new(Disk::with_pieces(&content, first_half)),
            Client::new(Disk::with_pieces(&content, |piece| !first_half(piece))),
        ];
        for half in &mut halves {
            half.wishes = Wishes::Nothing;
        }
        let halves = halves.map(|half| world.add_client(half));
        let mut getter = Client::new(Disk::empty(&content));
        getter.peers = halves.map(|half| world.address(half)).to_vec();
        let getter = world.add_client(getter);
        assert_complete(&mut world, &[getter], seconds(60));
        world.run_for(seconds(2));
        for half in halves {
            let report = world.report(half).unwrap();
            assert_eq!(report.phase, Phase::Seeding);
            assert_eq!(report.downloaded_bytes, 0);
            assert!(report.uploaded_bytes > 0);
            assert_eq!(report.connected_peers, 0, "all have what they want");
        }
    });
}
