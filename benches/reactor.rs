//! What it costs to move content between two reactors over loopback: blocks that land straight in
//! their place by plans that look ahead, against blocks that are copied out of the scratch.
//!
//! Each line is the median of several transfers of 1 GiB: bytes a second, and CPU time of either
//! thread. Loopback does the work of both ends on the same cores, so that the CPU time says more.
#![allow(clippy::unwrap_used, reason = "what goes wrong ends the benchmark")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::ptr::NonNull;
use std::sync::mpsc::channel;
use std::time::Duration;

use memmap2::{MmapOptions, MmapRaw};
use mt::base::{
    Action, ConnId, Core, DialToken, Ending, Input, Instant, ListenerId, Memory, PlaceId,
    PlaceRange, RecvPlan, RecvSpan, SendPlan,
};
use mt::reactor::{Completions, Reactor, TcpPort};

const BLOCK_LEN_BYTES: u32 = 16 << 10;
const HEAD_LEN_BYTES: usize = 13;
const REQUEST_LEN_BYTES: usize = 17;
const TOTAL_BLOCKS: u32 = 1 << 16;
/// As much as a client keeps mapped, in blocks.
const PLACE_BLOCKS: u32 = 4096;
const PLACE: PlaceId = PlaceId::new(0, 0);
const RUNS: usize = 7;

/// How many blocks are asked for and not there yet.
const DEPTH_BLOCKS: u32 = 32;

static HEAD: [u8; HEAD_LEN_BYTES] = [7; HEAD_LEN_BYTES];
static NOISE: [u8; HEAD_LEN_BYTES] = [8; HEAD_LEN_BYTES];
static REQUESTS: [u8; 4096 * REQUEST_LEN_BYTES] = [6; 4096 * REQUEST_LEN_BYTES];

/// How blocks get from the socket to where they belong.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The plan lists this many blocks.
    Landing { blocks_ahead: usize },
    /// The plan lists blocks, and every so often a message in between proves it wrong.
    Misplaced { one_in: u32 },
    /// Everything comes by the scratch, this much at a time, and is copied by the core.
    Copying { scratch_len_bytes: usize },
}

fn block(number: u32) -> PlaceRange {
    PlaceRange {
        place: PLACE,
        offset_bytes: number % PLACE_BLOCKS * BLOCK_LEN_BYTES,
        len_bytes: BLOCK_LEN_BYTES,
    }
}

struct Ring(MmapRaw);

impl Ring {
    fn new() -> Self {
        let len_bytes = (PLACE_BLOCKS * BLOCK_LEN_BYTES) as usize;
        let mut map = MmapOptions::new().len(len_bytes).map_anon().unwrap();
        map.fill(1);
        Self(map.into())
    }
}

impl Memory for Ring {
    fn locate(&self, range: PlaceRange) -> Option<NonNull<u8>> {
        let start = self.0.as_mut_ptr();
        NonNull::new(start.wrapping_add(range.offset_bytes as usize))
    }

    fn locate_for_receiving(&self, range: PlaceRange) -> Option<NonNull<u8>> {
        self.locate(range)
    }
}

/// Where a stream of messages is.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    block: u32,
    /// How much of the heads before the block, and of the block, is behind us.
    bytes: usize,
}

/// Sends as many blocks as it was asked for.
struct Seeder {
    request_bytes: usize,
    at: Position,
    way: Way,
    actions: VecDeque<Action<Infallible>>,
}

impl Seeder {
    /// Behind another message goes one block in so many.
    fn has_noise(&self, block: u32) -> bool {
        matches!(self.way, Way::Misplaced { one_in } if block.is_multiple_of(one_in))
    }

    fn sent(&mut self, len_bytes: usize) {
        self.at.bytes += len_bytes;
        loop {
            let heads = HEAD_LEN_BYTES * (1 + usize::from(self.has_noise(self.at.block)));
            let message_bytes = heads + BLOCK_LEN_BYTES as usize;
            if self.at.bytes < message_bytes {
                return;
            }
            self.at.bytes -= message_bytes;
            self.at.block += 1;
        }
    }
}

impl Core for Seeder {
    type Job = Infallible;
    type Done = Infallible;

    fn handle(&mut self, _now: Instant, input: Input<'_>) {
        match input {
            Input::Received { bytes, .. } => self.request_bytes += bytes.len(),
            Input::Sent { len_bytes, .. } => self.sent(len_bytes),
            Input::EndOfStream { conn } => {
                let how = Ending::Now;
                self.actions.push_back(Action::End { conn, how });
            }
            Input::Closed { .. } => self.actions.push_back(Action::Stop),
            _ => {}
        }
    }

    fn completed(&mut self, _now: Instant, done: Infallible) {
        match done {}
    }

    fn poll(&mut self) -> Option<Action<Infallible>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn recv_plan(&mut self, _conn: ConnId, plan: &mut RecvPlan) {
        plan.scratch(64 << 10);
    }

    fn send_plan<'a>(&'a mut self, _conn: ConnId, plan: &mut SendPlan<'a>) {
        let requested = u32::try_from(self.request_bytes / REQUEST_LEN_BYTES).unwrap();
        let mut skipped_bytes = self.at.bytes;
        for number in self.at.block..requested {
            let noise = self.has_noise(number).then_some(&NOISE);
            for head in noise.into_iter().chain([&HEAD]) {
                let skipped = skipped_bytes.min(HEAD_LEN_BYTES);
                skipped_bytes -= skipped;
                plan.bytes(&head[skipped..]);
            }
            let skipped = u32::try_from(skipped_bytes).unwrap();
            skipped_bytes = 0;
            if !plan.region(block(number).after(skipped)) || plan.room() < 3 {
                return;
            }
        }
    }
}

/// Asks for blocks, always for as many as may be on their way.
struct Leecher {
    seeder: SocketAddr,
    has_dialled: bool,
    way: Way,
    requested: u32,
    unsent_request_bytes: usize,
    landed: u32,
    head: Vec<u8>,
    /// Of the block that the head announced.
    block_bytes: usize,
    copies: Vec<u8>,
    actions: VecDeque<Action<Infallible>>,
}

impl Leecher {
    fn request(&mut self, count: u32) {
        let count = count.min(TOTAL_BLOCKS - self.requested);
        self.requested += count;
        self.unsent_request_bytes += count as usize * REQUEST_LEN_BYTES;
    }

    fn is_in_block(&self) -> bool {
        self.head == HEAD
    }

    fn take_head(&mut self, bytes: &[u8]) {
        self.head.extend(bytes);
        if self.head == NOISE {
            self.head.clear();
        }
    }

    fn take_block(&mut self, conn: ConnId, len_bytes: usize) {
        self.block_bytes += len_bytes;
        if self.block_bytes == BLOCK_LEN_BYTES as usize {
            self.block_bytes = 0;
            self.head.clear();
            self.landed += 1;
            self.request(1);
            if self.landed == TOTAL_BLOCKS {
                let how = Ending::Now;
                self.actions.push_back(Action::End { conn, how });
            }
        }
    }

    fn copy(&mut self, conn: ConnId, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let wanted = if self.is_in_block() {
                BLOCK_LEN_BYTES as usize - self.block_bytes
            } else {
                HEAD_LEN_BYTES - self.head.len()
            };
            let (taken, rest) = bytes.split_at(wanted.min(bytes.len()));
            bytes = rest;
            if self.is_in_block() {
                let at = block(self.landed).offset_bytes as usize + self.block_bytes;
                self.copies[at..at + taken.len()].copy_from_slice(taken);
                self.take_block(conn, taken.len());
            } else {
                self.take_head(taken);
            }
        }
    }
}

impl Core for Leecher {
    type Job = Infallible;
    type Done = Infallible;

    fn handle(&mut self, _now: Instant, input: Input<'_>) {
        match input {
            Input::Opened { .. } => self.request(DEPTH_BLOCKS),
            Input::Received { conn, bytes } => self.copy(conn, bytes),
            Input::Landed { conn, len_bytes } => self.take_block(conn, len_bytes),
            Input::Sent { len_bytes, .. } => self.unsent_request_bytes -= len_bytes,
            Input::Closed { .. } => self.actions.push_back(Action::Stop),
            Input::Tick => {
                self.has_dialled = true;
                self.actions.push_back(Action::Dial {
                    token: DialToken(0),
                    from: None,
                    to: self.seeder,
                    give_up_at: Instant::ZERO + Duration::from_secs(60),
                });
            }
            _ => {}
        }
    }

    fn completed(&mut self, _now: Instant, done: Infallible) {
        match done {}
    }

    fn poll(&mut self) -> Option<Action<Infallible>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        (!self.has_dialled).then_some(Instant::ZERO)
    }

    fn recv_plan(&mut self, conn: ConnId, plan: &mut RecvPlan) {
        let blocks_ahead = match self.way {
            Way::Copying { scratch_len_bytes } => return plan.scratch(scratch_len_bytes),
            Way::Landing { blocks_ahead } => blocks_ahead,
            Way::Misplaced { .. } => 32,
        };
        let mut next = self.landed;
        match self.next_span(conn) {
            Some(RecvSpan::Scratch { len_bytes }) => plan.scratch(len_bytes),
            Some(RecvSpan::Block(range)) => {
                plan.block(range);
                next += 1;
                plan.scratch(HEAD_LEN_BYTES);
            }
            _ => {}
        }
        let end = TOTAL_BLOCKS.min(self.landed + u32::try_from(blocks_ahead).unwrap());
        while next < end && plan.block(block(next)) && plan.room() > 1 {
            plan.scratch(HEAD_LEN_BYTES);
            next += 1;
        }
    }

    fn next_span(&self, _conn: ConnId) -> Option<RecvSpan> {
        Some(if self.is_in_block() {
            let landed = u32::try_from(self.block_bytes).unwrap();
            RecvSpan::Block(block(self.landed).after(landed))
        } else {
            RecvSpan::Scratch {
                len_bytes: HEAD_LEN_BYTES - self.head.len(),
            }
        })
    }

    fn send_plan<'a>(&'a mut self, _conn: ConnId, plan: &mut SendPlan<'a>) {
        plan.bytes(&REQUESTS[..self.unsent_request_bytes]);
    }
}

#[derive(Clone, Copy, Debug)]
struct Cost {
    wall: Duration,
    leecher_cpu: Duration,
    seeder_cpu: Duration,
}

fn run<C: Core<Job = Infallible>>(core: &mut C, port: Option<TcpPort>) -> Duration {
    let mut reactor = Reactor::new().unwrap();
    let submit = |job, _: &Completions<C::Done>| match job {};
    let (plugin, _) = reactor.plug_with_places(core, Ring::new(), submit);
    if let Some(port) = port {
        reactor.listen(plugin, ListenerId(0), port).unwrap();
    }
    let before = thread_cpu_time();
    reactor.run().unwrap();
    thread_cpu_time() - before
}

fn transfer(way: Way) -> Cost {
    let port = TcpPort::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = port.local_address();
    let (ready, is_ready) = channel();
    let seeder = std::thread::spawn(move || {
        let mut seeder = Seeder {
            request_bytes: 0,
            at: Position::default(),
            way,
            actions: VecDeque::new(),
        };
        ready.send(()).unwrap();
        run(&mut seeder, Some(port))
    });
    is_ready.recv().unwrap();
    let mut leecher = Leecher {
        seeder: address,
        has_dialled: false,
        way,
        requested: 0,
        unsent_request_bytes: 0,
        landed: 0,
        head: Vec::new(),
        block_bytes: 0,
        copies: vec![1; (PLACE_BLOCKS * BLOCK_LEN_BYTES) as usize],
        actions: VecDeque::new(),
    };
    let began = std::time::Instant::now();
    let leecher_cpu = run(&mut leecher, None);
    assert_eq!(leecher.landed, TOTAL_BLOCKS);
    Cost {
        wall: began.elapsed(),
        leecher_cpu,
        seeder_cpu: seeder.join().unwrap(),
    }
}

fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.try_into().unwrap()
}

fn median(costs: &[Cost], what: impl Fn(&Cost) -> Duration) -> f64 {
    let mut values: Vec<_> = costs.iter().map(what).collect();
    values.sort();
    values[values.len() / 2].as_secs_f64()
}

fn main() {
    // `cargo test` runs benchmarks too, to see that they start.
    if !std::env::args().any(|it| it == "--bench") {
        return;
    }
    let ways = [
        Way::Landing { blocks_ahead: 32 },
        Way::Landing { blocks_ahead: 16 },
        Way::Landing { blocks_ahead: 1 },
        Way::Copying {
            scratch_len_bytes: 64 << 10,
        },
        Way::Copying {
            scratch_len_bytes: 256 << 10,
        },
        Way::Misplaced { one_in: 32 },
        Way::Misplaced { one_in: 4 },
        Way::Misplaced { one_in: 1 },
    ];
    // In turns, so that a busy minute of the machine is everybody's.
    let mut costs = ways.map(|_| Vec::new());
    for _ in 0..RUNS {
        for (way, costs) in ways.iter().zip(&mut costs) {
            costs.push(transfer(*way));
        }
    }
    for (way, costs) in ways.iter().zip(&costs) {
        println!(
            "{:44} {:5.2} GiB/s; CPU s per GiB: leecher {:.3}, seeder {:.3}",
            format!("{way:?}"),
            1.0 / median(costs, |it| it.wall),
            median(costs, |it| it.leecher_cpu),
            median(costs, |it| it.seeder_cpu),
        );
    }
}
