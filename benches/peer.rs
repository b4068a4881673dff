//! What a connection costs beside the bytes that it moves: to plan where they go, and to take one
//! block after the other and ask for the next.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mt::base::{BLOCK_LEN_BYTES, Block, Geometry, Instant, PlaceId, PlaceRange, RecvPlan};
use mt::peer::{Connection, Event, Landing};
use mt::wire::peer::{Capabilities, piece_head};

/// How many requests stand with the peer.
const DEPTHS: [u32; 3] = [1, 32, 512];
const PIECE_LEN_BYTES: u32 = 1 << 20;
const BLOCKS_PER_PIECE: u32 = PIECE_LEN_BYTES / BLOCK_LEN_BYTES;

/// A peer that answers in order, and is asked for one block more for each that lands.
struct World {
    geometry: Geometry,
    connection: Connection,
    now: Instant,
    next_landing: u32,
    next_asked: u32,
}

impl World {
    fn new(depth: u32) -> Option<Self> {
        let geometry = Geometry::new(1 << 30, PIECE_LEN_BYTES)?;
        let now = Instant::ZERO + Duration::from_secs(1);
        let mut connection = Connection::new(now, geometry, Capabilities::default(), &[]);
        connection.set_request_limit(depth);
        let mut world = Self {
            geometry,
            connection,
            now,
            next_landing: 0,
            next_asked: 0,
        };
        (0..depth).for_each(|_| world.ask());
        Some(world)
    }

    fn block(&self, number: u32) -> Option<Block> {
        let piece = number / BLOCKS_PER_PIECE % self.geometry.piece_count();
        let piece = self.geometry.piece(piece)?;
        self.geometry.block(piece, number % BLOCKS_PER_PIECE)
    }

    fn ask(&mut self) {
        if let Some(block) = self.block(self.next_asked) {
            let range = PlaceRange {
                place: PlaceId::new(0, 0),
                offset_bytes: block.offset_bytes(),
                len_bytes: block.len_bytes(),
            };
            self.connection
                .request(self.now, block, Landing::Leased(range));
            self.next_asked += 1;
        }
    }

    fn plan(&self, plan: &mut RecvPlan) {
        plan.clear();
        self.connection.recv_plan(plan, usize::MAX, |_| true);
    }

    /// The head of a block comes, the block lands where it was to, the next is asked for, and the
    /// request leaves.
    fn take_block(&mut self) -> Option<Event> {
        let head = piece_head(self.block(self.next_landing)?);
        let begun = self.connection.next_event(self.now, &mut &head[..]);
        let Ok(Some(Event::BlockBegins {
            block,
            landing: Landing::Leased(range),
        })) = begun
        else {
            return None;
        };
        self.connection.land(range);
        let landed = self
            .connection
            .landed(self.now, block.len_bytes() as usize)?;
        self.next_landing += 1;
        self.now += Duration::from_micros(10);
        self.ask();
        black_box(self.connection.sent(self.now, 17));
        Some(landed)
    }
}

fn plans(c: &mut Criterion) {
    let mut group = c.benchmark_group("connection");
    for depth in DEPTHS {
        let Some(mut world) = World::new(depth) else {
            return;
        };
        let mut plan = RecvPlan::default();
        world.plan(&mut plan);
        group.throughput(Throughput::Elements(plan.spans().len() as u64));
        group.bench_function(BenchmarkId::new("plan, requests standing", depth), |b| {
            b.iter(|| world.plan(black_box(&mut plan)));
        });
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("block, requests standing", depth), |b| {
            b.iter(|| {
                let landed = world.take_block();
                assert!(matches!(landed, Some(Event::BlockLanded(_))));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, plans);
criterion_main!(benches);
