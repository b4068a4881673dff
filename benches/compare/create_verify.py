#!/usr/bin/env python3
"""Holds `mt client create` and `mt client verify` against other programs, in turn on the same data.

Prints a Markdown table: medians and minima of several rounds with everything warm, and which part
of each other program's time mt takes. With --cold: the time for a file that is not in memory,
beside the time that the disk takes by itself.
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import random
import statistics
import sys
import tempfile
from collections.abc import Callable

import contenders
import measure
from report import note, print_table

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

KIB, MIB = 1 << 10, 1 << 20
FILE_LEN_BYTES = 2048 * MIB
SMALL_FILES = 20_000
SMALL_FILE_LEN_BYTES = 4 * KIB
FILES_PER_FOLDER = 1000
DIRECT_READ_BYTES = 16 * MIB


@dataclasses.dataclass
class Task:
    key: str
    title: str
    contenders: Callable
    # Which part of the content is read.
    reads: Callable = lambda content: content.file


TASKS = [
    Task("create-1m", "create, v1, 1 MiB pieces", lambda c, t: t.creators(c.file, "v1", MIB)),
    Task("create-4m", "create, v1, 4 MiB pieces", lambda c, t: t.creators(c.file, "v1", 4 * MIB)),
    Task("create-256k", "create, v1, 256 KiB pieces", lambda c, t: t.creators(c.file, "v1", MIB // 4)),
    Task("create-v2", "create, v2, 1 MiB pieces", lambda c, t: t.creators(c.file, "v2", MIB)),
    Task("create-hybrid", "create, hybrid, 1 MiB pieces", lambda c, t: t.creators(c.file, "hybrid", MIB)),
    Task("verify", "verify, v1, 1 MiB pieces", lambda c, t: t.verifiers(c.torrent(t), c.folder)),
    Task(
        "create-small",
        f"create, v1, {SMALL_FILES:,} files of 4 KiB, 256 KiB pieces",
        lambda c, t: t.creators(c.small_files(), "v1", MIB // 4),
        lambda content: content.small_files(),
    ),
]


def main():
    options = parse_options()
    if not pathlib.Path(options.mt).exists():
        sys.exit(f"`{options.mt}` is not there: run `cargo build --release`, or name it with --mt")
    with scratch_folder(options.dir) as scratch:
        content, tools = Content(scratch), contenders.Tools(options.mt, scratch)
        if options.cold:
            rows = cold_rows(content.file, tools, options.rounds)
            header = ["round", "disk alone s", "mt create s", "mt / disk"]
        else:
            tasks = [task for task in TASKS if task.key in options.only]
            rows = (row for task in tasks for row in rows_of(task, content, tools, options.rounds))
            header = ["task", "program", "wall s", "least", "CPU s", "anon MiB", "RSS MiB", "mt / it"]
        print_table(header, rows)
        print_facts(scratch, tools, options.rounds)


def parse_options():
    keys = [task.key for task in TASKS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=keys, default=keys, metavar="TASK", help=", ".join(keys))
    parser.add_argument("--dir", help="where the data is made, and kept for the next time")
    parser.add_argument("--mt", default=REPOSITORY / "target/release/mt", help="the program")
    parser.add_argument("--cold", action="store_true", help="a file that is not in memory")
    return parser.parse_args()


@contextlib.contextmanager
def scratch_folder(named):
    if named:
        folder = pathlib.Path(named).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield pathlib.Path(folder)


class Content:
    """What is hashed; the same bytes every time."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.folder = scratch / "big"
        self.file = self.folder / "data.bin"
        self.folder.mkdir(exist_ok=True)
        if not self.file.exists() or self.file.stat().st_size != FILE_LEN_BYTES:
            note("making a file of 2 GiB")
            noise = random.Random(1)
            with open(self.file, "wb") as file:
                for _ in range(FILE_LEN_BYTES // MIB):
                    file.write(noise.randbytes(MIB))
                os.fsync(file.fileno())

    def torrent(self, tools):
        path = self.scratch / "data.torrent"
        words = [tools.mt, "client", "create", self.file, "-o", path, "--piece-length", MIB]
        tools.command("mt", [*words, "--force"]).run()
        return path

    def small_files(self):
        folder = self.scratch / "small"
        whole = self.scratch / "small.made"
        if not whole.exists():
            note(f"making {SMALL_FILES:,} files")
            noise = random.Random(2)
            for index in range(SMALL_FILES):
                path = folder / f"{index // FILES_PER_FOLDER:03}" / f"file-{index:06}.bin"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(noise.randbytes(SMALL_FILE_LEN_BYTES))
            whole.touch()
            os.sync()
        return folder


def rows_of(task, content, tools, rounds):
    """Runs the contenders of a task in turn, after a run of each that does not count."""
    running, read = task.contenders(content, tools), task.reads(content)
    costs = {contender.name: [] for contender in running}
    for index in range(rounds + 1):
        for contender in list(running):
            measure.bring_into_cache(read)
            try:
                cost = contender.run()
            except measure.Failed as failed:
                note(f"{task.title}: {contender.name} is left out: {failed}")
                running.remove(contender)
                del costs[contender.name]
                continue
            if index > 0:
                costs[contender.name].append(cost)
    note(f"{task.title}: done; {measure.load_average()}")
    medians = {name: measure.median_cost(of_one) for name, of_one in costs.items()}
    for name, cost in sorted(medians.items(), key=lambda entry: entry[1].wall_s):
        least = min(cost.wall_s for cost in costs[name])
        ratio = "" if name == "mt" else f"{medians['mt'].wall_s / cost.wall_s:.2f}"
        figures = [f"{cost.wall_s:.3f}", f"{least:.3f}", f"{cost.cpu_s:.2f}"]
        yield [task.title, name, *figures, f"{cost.anon_mib:.0f}", f"{cost.rss_mib:.0f}", ratio]


def cold_rows(path, tools, rounds):
    """The disk alone and mt in turn, each with nothing of the file in memory."""
    create = tools.command("mt", [tools.mt, "client", "create", path, "-o", tools.out])
    walls = {"disk": [], "mt": []}
    for index in range(rounds):
        measure.drop_from_cache(path)
        walls["disk"].append(measure.direct_read_s(path, DIRECT_READ_BYTES))
        measure.drop_from_cache(path)
        walls["mt"].append(create.run().wall_s)
        yield row_of_cold(index + 1, walls["disk"][-1], walls["mt"][-1])
    yield row_of_cold("median", *(statistics.median(of_one) for of_one in walls.values()))


def row_of_cold(title, disk_s, mt_s):
    return [str(title), f"{disk_s:.3f}", f"{mt_s:.3f}", f"{mt_s / disk_s:.2f}"]


def print_facts(scratch, tools, rounds):
    print()
    for line in measure.machine(scratch):
        print(f"- {line}")
    print("- versions: " + ", ".join(f"{name} {text}" for name, text in tools.versions.items()))
    if tools.missing:
        print("- left out, because not installed: " + ", ".join(sorted(tools.missing)))
    print(f"- medians of {rounds} rounds; {measure.load_average()} at the end")


main()
