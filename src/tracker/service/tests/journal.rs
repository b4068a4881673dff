//! The journal: when its jobs come, and that what they wrote is what the table holds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::*;
use super::host::*;
use crate::base::{Rng, Sha1Digest};
use crate::tracker::Peer;
use crate::tracker::state_file::write_change;
use crate::tracker::table::{Announce, Role, Time};
use crate::wire::Event;

const SECOND: Duration = Duration::from_secs(1);

/// What a disk would hold, and what it should.
#[derive(Default)]
pub(super) struct Disk {
    file: Vec<u8>,
    next: Vec<u8>,
    /// Whether this job or the one before brought a new file.
    snapshots: usize,
}

impl Disk {
    pub(super) fn carry_out(&mut self, job: JournalJob) {
        match job {
            JournalJob::Append(changes) => self.file.extend(changes),
            JournalJob::BeginSnapshot(head) => self.next = head,
            JournalJob::Snapshot { changes, snapshot } => self.both(&changes, &snapshot),
            JournalJob::EndSnapshot { changes, snapshot } => {
                self.both(&changes, &snapshot);
                self.file = std::mem::take(&mut self.next);
                self.snapshots += 1;
            }
        }
    }

    fn both(&mut self, changes: &[u8], snapshot: &[u8]) {
        self.file.extend(changes);
        self.next.extend(changes);
        self.next.extend(snapshot);
    }

    fn restored(&self) -> Service {
        let mut service = service();
        self.restore(&mut service);
        service
    }

    pub(super) fn restore(&self, service: &mut Service) {
        let mut reader = Reader::default();
        for piece in self.file.chunks(1000) {
            service.restore(&mut reader, piece);
        }
        assert_eq!(reader.unreadable_lines(), 0);
    }
}

type Model = BTreeMap<(u8, Peer), Role>;

/// Who is in the table, by a snapshot of it.
fn held(service: &mut Service) -> Vec<String> {
    let table = service.server().table();
    table.begin_snapshot();
    let mut lines = Vec::new();
    while table.continue_snapshot(1000, |change| {
        let mut line = Vec::new();
        write_change(&change, &mut line);
        lines.push(String::from_utf8(line).unwrap());
    }) {}
    lines.sort();
    lines
}

fn lines_of(model: &Model) -> Vec<String> {
    let line = |((swarm, peer), role): (&(u8, Peer), &Role)| {
        let hash = Sha1Digest([*swarm; 20]);
        let word = match role {
            Role::Seeder => "seeder",
            Role::Leecher => "leecher",
        };
        format!("{word} {hash} {peer}\n")
    };
    let mut lines: Vec<String> = model.iter().map(line).collect();
    lines.sort();
    lines
}

fn enter(host: &mut Host, model: &mut Model, swarm: u8, number: u32, role: Role, event: Event) {
    let [_, a, b, c] = number.to_be_bytes();
    let peer = Peer::V4([10, a, b, c, 0, 80]);
    let announce = Announce {
        info_hash: Sha1Digest([swarm; 20]),
        peer,
        role,
        event,
    };
    let now = Time(u32::try_from(host.now.as_nanos() / 1_000_000_000).unwrap());
    host.service.server().table().announce(now, &announce);
    match event {
        Event::Stopped => model.remove(&(swarm, peer)),
        _ => model.insert((swarm, peer), role),
    };
}

fn started() -> Host {
    let mut service = service();
    service.keep_journal(false);
    Host::new(service)
}

fn take_job(host: &mut Host) -> Option<JournalJob> {
    assert!(host.jobs.len() <= 1, "one is under way at a time");
    host.jobs.pop_front().map(|job| match job {
        Job::Journal(job) => job,
        Job::Reload | Job::Report(_) => panic!("nobody asked"),
    })
}

/// Carries out jobs until none comes.
fn write_all(host: &mut Host, disk: &mut Disk) {
    while let Some(job) = take_job(host) {
        disk.carry_out(job);
        host.done(Done::Journal(Ok(())));
    }
}

#[test]
fn little_is_written_once_a_second_and_one_job_after_the_other() {
    let mut host = started();
    let client = host.open("192.0.2.1:1");
    host.ask(client, &announce(1, 0, "HTTP/1.1"));
    host.advance(SECOND / 2);
    assert_eq!(take_job(&mut host), None);
    host.advance(SECOND / 2);
    let first = take_job(&mut host).unwrap();
    let hash = "61".repeat(20);
    let line = format!("seeder {hash} 192.0.2.1:1\n").into_bytes();
    assert_eq!(first, JournalJob::Append(line));

    host.ask(client, &announce(2, 5, "HTTP/1.1"));
    host.advance(5 * SECOND);
    assert_eq!(take_job(&mut host), None, "the first is under way");
    host.done(Done::Journal(Ok(())));
    assert_eq!(take_job(&mut host), None, "there is time");
    host.advance(SECOND);
    let line = format!("leecher {hash} 192.0.2.1:2\n").into_bytes();
    assert_eq!(take_job(&mut host), Some(JournalJob::Append(line)));
    host.done(Done::Journal(Ok(())));

    host.ask(client, &announce(2, 4, "HTTP/1.1"));
    host.advance(5 * SECOND);
    assert_eq!(take_job(&mut host), None, "refreshes change nothing");
}

#[test]
fn much_is_written_at_once() {
    let (mut host, mut model) = (started(), Model::new());
    for number in 0..40_000 {
        enter(&mut host, &mut model, 1, number, Role::Leecher, Event::None);
    }
    let mut disk = Disk::default();
    // Any input may be what lets it see that much waits.
    host.open("192.0.2.1:1");
    write_all(&mut host, &mut disk);
    host.advance(SECOND);
    write_all(&mut host, &mut disk);
    assert_eq!(held(&mut disk.restored()), lines_of(&model));
    assert_eq!(disk.snapshots, 0);
}

#[test]
fn changes_that_outgrow_the_queue_are_made_good_by_a_snapshot() {
    let (mut host, mut model) = (started(), Model::new());
    let mut disk = Disk::default();
    enter(&mut host, &mut model, 1, 0, Role::Seeder, Event::None);
    host.advance(SECOND);
    let slow = take_job(&mut host).unwrap();
    for number in 0..70_000 {
        enter(&mut host, &mut model, 1, number, Role::Leecher, Event::None);
    }
    disk.carry_out(slow);
    host.done(Done::Journal(Ok(())));
    for number in 0..9 {
        // While the snapshot is written, a stretch at a time, others come and go.
        host.advance(SECOND);
        if let Some(job) = take_job(&mut host) {
            let event = [Event::None, Event::Stopped][number as usize % 2];
            enter(
                &mut host,
                &mut model,
                1,
                69_000 + number / 2,
                Role::Seeder,
                event,
            );
            enter(&mut host, &mut model, 2, number, Role::Seeder, Event::None);
            disk.carry_out(job);
            host.done(Done::Journal(Ok(())));
        }
    }
    host.advance(SECOND);
    write_all(&mut host, &mut disk);
    assert_eq!(disk.snapshots, 1);
    assert_eq!(held(&mut disk.restored()), lines_of(&model));
}

#[test]
fn a_file_that_has_grown_too_long_is_replaced() {
    let (mut host, mut model) = (started(), Model::new());
    let mut disk = Disk::default();
    for round in 0..60 {
        let role = [Role::Leecher, Role::Seeder][round % 2];
        for number in 0..2000 {
            enter(&mut host, &mut model, 3, number, role, Event::None);
        }
        host.advance(SECOND);
        write_all(&mut host, &mut disk);
    }
    assert_eq!(disk.snapshots, 1);
    assert!(disk.file.len() < 60 * 2000 * 30, "{}", disk.file.len());
    assert_eq!(held(&mut disk.restored()), lines_of(&model));

    // It is not forgotten by a restart how long the file was already.
    let mut service = service();
    service.restored_changes = 100_001;
    service.keep_journal(false);
    let mut host = Host::new(service);
    host.advance(SECOND);
    assert!(matches!(
        take_job(&mut host),
        Some(JournalJob::BeginSnapshot(_))
    ));
}

/// What the operator's pages tell of the file, all in the same sense.
fn state_file(host: &mut Host) -> Value {
    let mut get = |path: &str| {
        let conn = host.open_at(ADMIN, "127.0.0.1:5");
        let (_, body) = host
            .ask(conn, &format!("GET {path} HTTP/1.1\r\n\r\n"))
            .remove(0);
        String::from_utf8(body).unwrap()
    };
    let stats: Value = serde_json::from_str(&get("/stats")).unwrap();
    let is_up = u8::from(stats["state_file"]["written"] == true);
    let metrics = get("/metrics");
    let line = format!("\nmt_tracker_state_file_up {is_up}\n");
    assert!(metrics.contains(&line), "{metrics}");
    assert!(get("/").contains("id=\"state_file\""));
    stats["state_file"].clone()
}

#[test]
fn a_writer_that_failed_rests_and_then_writes_everything() {
    let (mut host, mut model) = (started(), Model::new());
    let mut disk = Disk::default();
    enter(&mut host, &mut model, 1, 1, Role::Seeder, Event::None);
    host.advance(SECOND);
    assert!(take_job(&mut host).is_some());
    host.done(Done::Journal(Err(JournalError)));
    enter(&mut host, &mut model, 1, 2, Role::Seeder, Event::None);
    host.advance(9 * SECOND);
    assert_eq!(take_job(&mut host), None, "it rests");
    let shown = state_file(&mut host);
    assert_eq!(
        shown,
        json!({ "written": false, "unwritten_s": 9, "waiting": 1 })
    );
    host.advance(2 * SECOND);
    write_all(&mut host, &mut disk);
    host.advance(SECOND);
    write_all(&mut host, &mut disk);
    let shown = state_file(&mut host);
    assert_eq!(
        shown,
        json!({ "written": true, "unwritten_s": null, "waiting": 0 })
    );
    assert_eq!(disk.snapshots, 1);
    assert_eq!(held(&mut disk.restored()), lines_of(&model));
}

#[test]
fn the_end_waits_for_the_last_job() {
    let (mut host, mut model) = (started(), Model::new());
    let mut disk = Disk::default();
    enter(&mut host, &mut model, 1, 1, Role::Seeder, Event::None);
    host.advance(SECOND);
    let first = take_job(&mut host).unwrap();
    enter(&mut host, &mut model, 1, 2, Role::Seeder, Event::None);
    host.handle(Input::Shutdown);
    assert!(!host.has_stopped);
    disk.carry_out(first);
    host.done(Done::Journal(Ok(())));
    assert!(!host.has_stopped);
    let last = take_job(&mut host).unwrap();
    disk.carry_out(last);
    host.done(Done::Journal(Ok(())));
    assert!(host.has_stopped);
    assert_eq!(held(&mut disk.restored()), lines_of(&model));
}

#[test]
fn the_end_gives_a_writer_that_failed_one_more_try() {
    for is_well_again in [true, false] {
        let (mut host, mut model) = (started(), Model::new());
        let mut disk = Disk::default();
        enter(&mut host, &mut model, 1, 1, Role::Seeder, Event::None);
        host.advance(SECOND);
        take_job(&mut host).unwrap();
        host.done(Done::Journal(Err(JournalError)));
        host.handle(Input::Shutdown);
        assert!(!host.has_stopped);
        if is_well_again {
            write_all(&mut host, &mut disk);
            assert_eq!(held(&mut disk.restored()), lines_of(&model));
        } else {
            take_job(&mut host).unwrap();
            host.done(Done::Journal(Err(JournalError)));
        }
        assert!(host.has_stopped);
    }
}

/// Announces, silence, failures and kills in a random order: whatever jobs were carried out, the
/// file gives the table as it was when the last of them was handed out.
#[test]
fn a_kill_at_any_moment_leaves_what_was_told() {
    for seed in 0..25 {
        random_run(&mut Rng::new(seed));
    }
}

fn random_run(rng: &mut Rng) {
    let (mut host, mut model) = (started(), Model::new());
    let mut disk = Disk::default();
    let mut told = model.clone();
    // Between a failure and the next snapshot the file lacks something.
    let mut is_whole = true;
    for _ in 0..60 {
        for _ in 0..rng.below(20) {
            let swarm = u8::try_from(rng.below(4)).unwrap();
            let role = [Role::Seeder, Role::Leecher][rng.below(2) as usize];
            let event = [Event::None, Event::Stopped][usize::from(rng.below(4) == 0)];
            let number = rng.below(30);
            enter(&mut host, &mut model, swarm, number, role, event);
        }
        host.advance(SECOND);
        while let Some(job) = take_job(&mut host) {
            if rng.below(20) == 0 {
                is_whole = false;
                host.done(Done::Journal(Err(JournalError)));
                break;
            }
            if !matches!(job, JournalJob::BeginSnapshot(_)) {
                told = model.clone();
            }
            is_whole |= matches!(job, JournalJob::EndSnapshot { .. });
            disk.carry_out(job);
            if is_whole {
                assert_eq!(held(&mut disk.restored()), lines_of(&told));
            }
            host.done(Done::Journal(Ok(())));
        }
        if is_whole && rng.below(10) == 0 {
            model = told.clone();
            let mut service = disk.restored();
            service.keep_journal(disk.file.is_empty());
            host = Host::new(service);
        }
    }
}
