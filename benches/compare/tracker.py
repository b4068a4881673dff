#!/usr/bin/env python3
"""Holds `mt tracker` against other trackers, and against a program that only receives and answers.

One worker each, the tracker on one core and the generator on another, in turn for several rounds.
Prints a Markdown table of medians: announces a second, and for each second of the tracker's CPU time;
and how many times the other's figure mt's is. mt keeps its state file meanwhile.
"""

import argparse
import pathlib
import random
import shutil
import statistics
import sys
import tempfile

import measure
import tester_hashes
import tracker_load
import trackers
from report import note, print_table

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

HASHES = 100_000
# The tester's own mix: a connect for each announce.
CONNECTS_MIXED = 100
# Enough to keep a connection id good.
CONNECTS_FEW = 1

TASKS = {
    "udp": "UDP announces",
    "udp-mixed": "UDP announces, a connect for each",
    "http-keep": "HTTP announces, connections stay",
    "http-close": "HTTP announces, a connection each",
    "memory-one": "memory, one swarm",
    "memory-many": f"memory, {HASHES:,} swarms",
}
NEEDED = {"udp": "aquatic_udp_load_test", "http": "wrk", "memory": sys.executable}


def main():
    options = parse_options()
    if not pathlib.Path(options.mt).exists():
        sys.exit(f"`{options.mt}` is not there: run `cargo build --release`, or name it with --mt")
    missing = {NEEDED[kind_of(task)] for task in options.only if not shutil.which(NEEDED[kind_of(task)])}
    if missing:
        sys.exit("not installed: " + ", ".join(sorted(missing)))
    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        bench = Bench(options, pathlib.Path(folder))
        loads = [task for task in options.only if kind_of(task) != "memory"]
        memories = [task for task in options.only if kind_of(task) == "memory"]
        if loads:
            header = ["task", "tracker", "per s", "per CPU s", "us each", "p99 ms", "mt / it, of a CPU s"]
            print_table(header, (row for task in loads for row in bench.load_rows(task)))
            print()
        if memories:
            header = ["task", "tracker", "peers", "bytes a peer", "mt / it"]
            print_table(header, (row for task in memories for row in bench.memory_rows(task)))
            print()
        bench.print_facts()


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=20, help="of each run by UDP, at least 15; by HTTP half of it")
    parser.add_argument("--peers", type=int, default=1_000_000, help="whose memory is looked at")
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS), metavar="TASK", help=", ".join(TASKS))
    parser.add_argument("--trackers", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--dir", help="where the trackers keep their files")
    parser.add_argument("--mt", default=REPOSITORY / "target/release/mt", help="the program")
    return parser.parse_args()


def kind_of(task):
    return task.split("-")[0]


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.machine = options, folder, trackers.Machine()
        self.hashes = tester_hashes.hashes(HASHES)
        self.hashes_file = folder / "hashes.txt"
        self.hashes_file.write_text("".join(f"{info_hash.hex()}\n" for info_hash in self.hashes))
        known = trackers.all_trackers(options.mt, trackers.build_bound(REPOSITORY), self.hashes_file)
        wanted = [it for it in known if not options.trackers or it.name in options.trackers]
        self.trackers = [it for it in wanted if it.is_there()]
        self.missing = sorted(it.name for it in wanted if not it.is_there())

    def load_rows(self, task):
        protocol = "udp" if kind_of(task) == "udp" else task
        found = self.rounds(task, protocol, lambda *running: self.load(task, *running))
        medians = {name: median_load(loads) for name, loads in found.items()}
        ours = medians.get("mt")
        for name, load in sorted(medians.items(), key=lambda entry: -entry[1].per_cpu_s):
            ratio = f"{ours.per_cpu_s / load.per_cpu_s:.2f}" if ours and name != "mt" else ""
            figures = [f"{load.per_s:,.0f}", f"{load.per_cpu_s:,.0f}", f"{1e6 / load.per_cpu_s:.2f}"]
            yield [TASKS[task], name, *figures, f"{load.p99_ms:.2f}" if load.p99_ms else "", ratio]

    def load(self, task, process, port):
        options = self.options
        if kind_of(task) == "udp":
            connects = CONNECTS_MIXED if task == "udp-mixed" else CONNECTS_FEW
            return tracker_load.load_by_udp(self.machine, process, port, self.folder, options.seconds, HASHES, connects)
        connection = "close" if task == "http-close" else "keep-alive"
        seconds = options.seconds // 2
        return tracker_load.load_by_http(self.machine, process, port, self.hashes_file, seconds, connection, self.hashes[0])

    def memory_rows(self, task):
        hashes = self.hashes[:1] if task == "memory-one" else self.hashes
        peers = self.options.peers
        look = lambda process, port: tracker_load.bytes_per_peer(process, port, hashes, peers)
        found = self.rounds(task, "udp", look, rounds=1, left_out="bound")
        ours = found.get("mt")
        for name, (each,) in sorted(found.items(), key=lambda entry: entry[1]):
            ratio = f"{ours[0] / each:.2f}" if ours and name != "mt" else ""
            yield [TASKS[task], name, f"{peers:,}", f"{each:.1f}", ratio]

    def rounds(self, task, protocol, run, rounds=None, left_out=None):
        """What `run` found in each round, by tracker; in another order every round."""
        running = [it for it in self.trackers if protocol in it.protocols and it.name != left_out]
        found = {it.name: [] for it in running}
        order = random.Random(task)
        for _ in range(rounds or self.options.rounds):
            order.shuffle(running)
            for tracker in list(running):
                try:
                    with tracker.running(self.machine, self.folder, protocol) as (process, port):
                        found[tracker.name].append(run(process, port))
                except measure.Failed as failed:
                    note(f"{TASKS[task]}: {tracker.name} is left out: {failed}")
                    running.remove(tracker)
                    del found[tracker.name]
        note(f"{TASKS[task]}: done; {measure.load_average()}")
        return found

    def print_facts(self):
        for line in measure.machine(self.folder):
            print(f"- {line}")
        print(f"- {self.machine.says()}")
        if self.missing:
            print("- left out, because not installed: " + ", ".join(self.missing))
        print(f"- medians of {self.options.rounds} rounds; {measure.load_average()} at the end")


def median_load(loads):
    p99_ms = [load.p99_ms for load in loads if load.p99_ms]
    return tracker_load.Load(
        per_s=statistics.median(load.per_s for load in loads),
        per_cpu_s=statistics.median(load.per_cpu_s for load in loads),
        p99_ms=statistics.median(p99_ms) if p99_ms else None,
    )


main()
