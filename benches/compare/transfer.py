#!/usr/bin/env python3
"""Moves 1 GiB from a seeder to a downloader on loopback, mt beside other programs, in turn.

Each program seeds to itself. The time is that of the downloader, from its start (of its session,
where an interpreter has to start first) to its end, when all pieces are checked and written; none
of the others waits for the disk, so mt's time is also shown up to its last piece.
"""

import argparse
import dataclasses
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import measure
import report

HERE = pathlib.Path(__file__).resolve().parent
MT = HERE.parents[1] / "target" / "release" / "mt"
TRACKER_PORT, SEEDER_PORT, GETTER_PORT = 46880, 46881, 46882
READY_TIMEOUT_S = 60

# Whether the seeder's file is in memory already or has to come from the disk.
WARM, COLD = "warm", "cold"
SOURCES = [WARM, COLD]


class Mt:
    name = "mt"

    def is_there(self):
        return MT.exists()

    def seed(self, torrent, data):
        listen = f"127.0.0.1:{SEEDER_PORT}"
        return [MT, "client", "seed", torrent, "--data", data.parent, "--listen", listen]

    def get(self, torrent, folder):
        listen, peer = f"127.0.0.1:{GETTER_PORT}", f"127.0.0.1:{SEEDER_PORT}"
        words = [MT, "client", "get", torrent, folder, "--listen", listen, "--peer", peer]
        return [*words, "--exit", "--give-up", "30s", "--json"]

    def own_seconds(self, said):
        return json.loads(said.splitlines()[-1])["download_seconds"]


class Libtorrent:
    name = "libtorrent"

    def is_there(self):
        return subprocess.run([sys.executable, "-c", "import libtorrent"], capture_output=True).returncode == 0

    def words(self, job, torrent, folder, *ports):
        return [sys.executable, HERE / "libtorrent_peer.py", job, torrent, folder, *map(str, ports)]

    def seed(self, torrent, data):
        return self.words("seed", torrent, data.parent, SEEDER_PORT)

    def get(self, torrent, folder):
        return self.words("get", torrent, folder, GETTER_PORT, SEEDER_PORT)


class Rqbit:
    name = "rqbit -s"
    quiet = ["--disable-dht", "--disable-dht-persistence", "--disable-lsd", "--disable-upnp-port-forward"]

    def is_there(self):
        return shutil.which("rqbit") is not None

    def words(self, port, torrent, folder, *more):
        front = ["rqbit", "-v", "warn", *self.quiet, "--ipv4-only", "--listen-ip", "127.0.0.1"]
        front += ["--listen-port", str(port), "-s", "download", "--disable-http-api", "-o", folder]
        return [*front, "--overwrite", *more, torrent]

    def seed(self, torrent, data):
        return self.words(SEEDER_PORT, torrent, data.parent)

    def get(self, torrent, folder):
        return self.words(GETTER_PORT, torrent, folder, "-e", "--initial-peers", f"127.0.0.1:{SEEDER_PORT}")


class Aria2:
    """Cannot be told of a peer: it asks a tracker, which is mt's."""

    name = "aria2"
    is_tracked = True
    quiet = ["--enable-dht=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false", "--no-conf=true"]

    def is_there(self):
        return shutil.which("aria2c") is not None

    def words(self, port, torrent, folder, *more):
        front = ["aria2c", "--quiet=true", *self.quiet, "--file-allocation=falloc", f"--listen-port={port}"]
        return [*front, f"--dir={folder}", "--allow-overwrite=true", *more, torrent]

    def seed(self, torrent, data):
        return self.words(SEEDER_PORT, torrent, data.parent, "--check-integrity=true", "--seed-ratio=0")

    def get(self, torrent, folder):
        return self.words(GETTER_PORT, torrent, folder, "--seed-time=0")


CLIENTS = [Mt(), Libtorrent(), Rqbit(), Aria2()]


class FirstByteWatch(threading.Thread):
    """When content began to move: loopback carries more than all words before it."""

    COUNTER = pathlib.Path("/sys/class/net/lo/statistics/rx_bytes")
    WORDS_LEN_BYTES_MAX = 32 << 10
    SAMPLE_EVERY_S = 0.002

    def __init__(self):
        super().__init__(daemon=True)
        self.at_s = math.nan
        self.is_over = False
        self.began_at_s = time.monotonic()
        self.start()

    def run(self):
        before = int(self.COUNTER.read_text())
        while not self.is_over:
            if int(self.COUNTER.read_text()) - before > self.WORDS_LEN_BYTES_MAX:
                self.at_s = time.monotonic()
                return
            time.sleep(self.SAMPLE_EVERY_S)

    def seconds(self, log):
        """From the start of the downloader, or of its work where an interpreter had to start first."""
        self.is_over = True
        self.join()
        own = re.search(r"^work began: ([\d.]+)$", log.read_text(errors="replace"), re.MULTILINE)
        return self.at_s - (float(own[1]) if own else self.began_at_s)


def is_listening(port):
    """Asked of the kernel, so that nobody sees a connection that says nothing."""
    table = pathlib.Path("/proc/net/tcp").read_text()
    return any(f"{host}:{port:04X} 00000000:0000 0A" in table for host in ("0100007F", "00000000"))


def wait_until_ready(process):
    """Listening, and done with checking what it has: it uses no more of the processor."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    last_cpu_s = None
    while time.monotonic() < deadline and process.poll() is None:
        cpu_s = measure.cpu_seconds(process.pid)
        if is_listening(SEEDER_PORT) and cpu_s == last_cpu_s:
            return
        last_cpu_s = cpu_s
        time.sleep(0.3)
    raise measure.Failed("the seeder never was ready")


def drop_from_cache(path):
    """Has the kernel forget a file, so that its seeder has to read it from the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@dataclasses.dataclass
class Round:
    cost: measure.Cost
    seeder_cpu_s: float
    last_piece_s: float
    first_byte_s: float


def one_round(client, torrent, data, folder, is_cold):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    measure.bring_into_cache(data)
    log = folder.with_suffix(".log")
    with open(folder.with_suffix(".seeder.log"), "wb") as seeder_log:
        seeder = subprocess.Popen(list(map(str, client.seed(torrent, data))), stdout=seeder_log, stderr=seeder_log)
    try:
        wait_until_ready(seeder)
        if is_cold:
            drop_from_cache(data)
        before_s = measure.cpu_seconds(seeder.pid)
        first_byte = FirstByteWatch()
        cost = measure.run(list(map(str, client.get(torrent, folder))), log)
        seeder_cpu_s = measure.cpu_seconds(seeder.pid) - before_s
    finally:
        seeder.kill()
        seeder.wait()
    if subprocess.run(["cmp", "-s", data, folder / data.name]).returncode != 0:
        raise measure.Failed("what came is not what was sent")
    first_byte_s = first_byte.seconds(log)
    own = getattr(client, "own_seconds", None)
    own_s = own(log.read_text()) if own else cost.wall_s
    shutil.rmtree(folder)
    return Round(cost, seeder_cpu_s, own_s, first_byte_s)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dir", type=pathlib.Path, help="where to write; a temporary folder if not given")
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--clients", nargs="*", help="names, such as mt libtorrent")
    args = parser.parse_args()
    tracker = [MT, "tracker", "--http", f"127.0.0.1:{TRACKER_PORT}", "--min-interval", "1s"]
    with tempfile.TemporaryDirectory(dir=args.dir) as scratch, subprocess.Popen(tracker, stderr=subprocess.DEVNULL) as process:
        try:
            compare(args, pathlib.Path(scratch))
        finally:
            process.terminate()


def compare(args, scratch):
    data = scratch / "seed" / "content.bin"
    data.parent.mkdir()
    subprocess.run(["dd", "if=/dev/urandom", f"of={data}", "bs=1M", f"count={args.size_mib}", "status=none"], check=True)
    torrent = scratch / "content.torrent"
    tracked = scratch / "tracked.torrent"
    for path, more in ((torrent, []), (tracked, ["--tracker", f"http://127.0.0.1:{TRACKER_PORT}/announce"])):
        words = [MT, "client", "create", data, "-o", path, "--piece-length", "1MiB", *more]
        subprocess.run(words, check=True, capture_output=True)
    clients = [it for it in CLIENTS if not args.clients or it.name.split()[0] in args.clients]
    missing = [it.name for it in clients if not it.is_there()]
    if missing:
        report.note(f"not installed: {', '.join(missing)}")
    clients = [it for it in clients if it.is_there()]
    results = {(it.name, source): [] for it in clients for source in SOURCES}
    for number in range(args.rounds):
        for client in clients if number % 2 == 0 else reversed(clients):
            for source in SOURCES:
                try:
                    its_torrent = tracked if getattr(client, "is_tracked", False) else torrent
                    done = one_round(client, its_torrent, data, scratch / "got", source == COLD)
                    results[client.name, source].append(done)
                except measure.Failed as failure:
                    report.note(f"{client.name}, {source} source: {failure}")
        report.note(f"round {number + 1}: {measure.load_average()}")
    for line in measure.machine(scratch):
        print(line)
    show(results)


def show(results):
    median = {
        key: {
            "wall": statistics.median(it.cost.wall_s for it in rounds),
            "first": statistics.median(it.first_byte_s for it in rounds),
            "last": statistics.median(it.last_piece_s for it in rounds),
            "getter": statistics.median(it.cost.cpu_s for it in rounds),
            "seeder": statistics.median(it.seeder_cpu_s for it in rounds),
            "anon": statistics.median(it.cost.anon_mib for it in rounds),
            "rss": statistics.median(it.cost.rss_mib for it in rounds),
        }
        for key, rounds in results.items()
        if rounds
    }
    best = {
        source: min((it["wall"] for (name, of), it in median.items() if name != "mt" and of == source), default=float("nan"))
        for source in SOURCES
    }
    header = ["program", "source", "s", "s to the first byte", "s to the last piece", "of the best other", "downloader CPU s", "seeder CPU s", "anonymous MiB", "resident MiB"]
    rows = (
        [
            name,
            source,
            f"{it['wall']:.2f}",
            f"{it['first']:.2f}",
            f"{it['last']:.2f}",
            f"{it['last'] / best[source]:.2f}",
            f"{it['getter']:.2f}",
            f"{it['seeder']:.2f}",
            f"{it['anon']:.0f}",
            f"{it['rss']:.0f}",
        ]
        for (name, source), it in median.items()
    )
    report.print_table(header, rows)


if __name__ == "__main__":
    main()
