//! What it costs to pick a piece and to keep count of who has what, in small torrents and in large
//! ones.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use mt::base::{Bitfield, Geometry, PieceIndex, Rng};
use mt::swarm::Picker;

const PIECES: [u32; 2] = [1000, 100_000];
const PEERS: u32 = 500;
/// Pieces begun and not yet finished.
const IN_PROGRESS: usize = 64;

/// A torrent half of which is had, and 500 peers: a tenth of them have everything, the others between
/// nothing and everything.
struct World {
    geometry: Geometry,
    picker: Picker,
    peers: Vec<Bitfield>,
    rng: Rng,
}

impl World {
    fn new(piece_count: u32) -> Option<Self> {
        let geometry = Geometry::new(u64::from(piece_count) << 18, 1 << 18)?;
        let mut rng = Rng::new(1);
        let had = some_of(geometry, piece_count / 2, &mut rng);
        let mut picker = Picker::new(geometry, &had);
        let peers: Vec<_> = (0..PEERS)
            .map(|number| match number % 10 {
                0 => Bitfield::all(piece_count),
                _ => some_of(geometry, rng.below(piece_count), &mut rng),
            })
            .collect();
        for peer in &peers {
            picker.peer_joined(peer);
        }
        Some(Self {
            geometry,
            picker,
            peers,
            rng,
        })
    }

    fn any_peer(&mut self) -> usize {
        self.rng.below(PEERS) as usize
    }
}

fn some_of(geometry: Geometry, count: u32, rng: &mut Rng) -> Bitfield {
    let mut field = Bitfield::none(geometry.piece_count());
    for _ in 0..count {
        if let Some(piece) = geometry.piece(rng.below(geometry.piece_count())) {
            field.set(piece);
        }
    }
    field
}

/// The piece that was begun longest ago gives way to a new one, so that it goes on for ever.
fn begin(picker: &mut Picker, begun: &mut Vec<PieceIndex>, next: &mut usize, piece: PieceIndex) {
    picker.begin(piece);
    if begun.len() < IN_PROGRESS {
        begun.push(piece);
    } else {
        picker.put_back(std::mem::replace(&mut begun[*next % IN_PROGRESS], piece));
        *next += 1;
    }
}

fn picks(c: &mut Criterion) {
    let mut group = c.benchmark_group("pick and begin, any of 500 peers");
    for mut world in PIECES.into_iter().filter_map(World::new) {
        let id = format!("{} pieces", world.geometry.piece_count());
        let (mut begun, mut next) = (Vec::new(), 0);
        group.bench_function(id, |b| {
            b.iter(|| {
                let peer = world.any_peer();
                let World {
                    picker, peers, rng, ..
                } = &mut world;
                if let Some(piece) = picker.pick(&peers[peer], |_| true, rng) {
                    begin(picker, &mut begun, &mut next, piece);
                }
            });
        });
    }
    group.finish();
}

/// The peer has nothing near the foot of the ladder: all its bits are looked through.
fn picks_of_poor_peers(c: &mut Criterion) {
    let mut group = c.benchmark_group("pick, a peer with little that is common");
    for mut world in PIECES.into_iter().filter_map(World::new) {
        let mut peer_has = Bitfield::none(world.geometry.piece_count());
        let pieces = world.geometry.pieces();
        let mut free: Vec<_> = pieces
            .filter(|piece| world.picker.is_free(*piece))
            .collect();
        free.sort_by_key(|piece| std::cmp::Reverse(world.picker.availability(*piece)));
        for piece in free.into_iter().take(20) {
            peer_has.set(piece);
        }
        let id = format!("{} pieces", world.geometry.piece_count());
        group.bench_function(id, |b| {
            b.iter(|| black_box(world.picker.pick(&peer_has, |_| true, &mut world.rng)));
        });
    }
    group.finish();
}

fn picks_in_windows(c: &mut Criterion) {
    let mut group = c.benchmark_group("pick within four live windows of 64 pieces");
    for mut world in PIECES.into_iter().filter_map(World::new) {
        let id = format!("{} pieces", world.geometry.piece_count());
        let windows = [100..164, 300..364, 500..564, 700..764];
        group.bench_function(id, |b| {
            b.iter(|| {
                let peer = world.any_peer();
                let World {
                    picker, peers, rng, ..
                } = &mut world;
                black_box(picker.pick_within(&windows, &peers[peer], None, rng))
            });
        });
    }
    group.finish();
}

fn counts(c: &mut Criterion) {
    let mut group = c.benchmark_group("a peer got a piece");
    for mut world in PIECES.into_iter().filter_map(World::new) {
        let count = world.geometry.piece_count();
        let pieces: Vec<_> = world.geometry.pieces().collect();
        let mut got = 0;
        group.bench_function(format!("{count} pieces"), |b| {
            b.iter(|| {
                // A peer after another gets all pieces, in an order that keeps no two close.
                let piece = pieces[got * 7919 % pieces.len()];
                world.picker.peer_got(piece);
                got += 1;
            });
        });
    }
    group.finish();
}

fn comings(c: &mut Criterion) {
    let mut group = c.benchmark_group("a peer comes and goes");
    for mut world in PIECES.into_iter().filter_map(World::new) {
        let count = world.geometry.piece_count();
        let nearly_all = {
            let mut field = Bitfield::all(count);
            world.geometry.piece(7).map(|piece| field.clear(piece));
            field
        };
        let half = some_of(world.geometry, count / 2, &mut world.rng);
        let all = Bitfield::all(count);
        for (name, field) in [("all", all), ("all but one", nearly_all), ("some", half)] {
            let id = BenchmarkId::new(name, format!("{count} pieces"));
            group.bench_function(id, |b| {
                b.iter(|| {
                    world.picker.peer_joined(&field);
                    world.picker.peer_left(&field);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(
    benches,
    picks,
    picks_of_poor_peers,
    picks_in_windows,
    counts,
    comings
);
criterion_main!(benches);
