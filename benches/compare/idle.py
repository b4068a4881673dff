#!/usr/bin/env python3
"""What idle connections cost `mt tracker`, and whether others notice them.

Opens connections that stay, each from a client that has announced itself once, and holds them in several
processes, since one process may not have so many descriptors. Meanwhile somebody else announces over one
more connection. Prints memory per connection, and how long that one waits before, with them and after.
Exit status 1 where a connection costs a KiB or more.
"""

import argparse
import http.client
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import measure
import trackers

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PER_PROCESS = 2_500
PER_CONNECTION_MAX_BYTES = 1024
ANNOUNCES = 3_000
TARGET = (
    "/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-LT2000-000000000000&port=1000"
    "&uploaded=0&downloaded=0&left=0&compact=1"
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--mt", default=REPOSITORY / "target/release/mt", help="the program")
    parser.add_argument("--hold", nargs=2, type=int, metavar=("PORT", "COUNT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.hold:
        hold(*options.hold)
        return
    if not pathlib.Path(options.mt).exists():
        sys.exit(f"`{options.mt}` is not there: run `cargo build --release`, or name it with --mt")
    tracker = trackers.Tracker("mt", options.mt, trackers.mt_words, ["http-keep"])
    with tempfile.TemporaryDirectory() as folder:
        with tracker.running(trackers.Machine(), pathlib.Path(folder), "http-keep") as (process, port):
            each_bytes = look(process, port, options.connections)
    if each_bytes >= PER_CONNECTION_MAX_BYTES:
        sys.exit(f"a connection costs {each_bytes:.0f} bytes")


def look(process, port, count):
    waits_before = waits_ms(port)
    rss_bytes, holders = resident_bytes(process), []
    try:
        for first in range(0, count, PER_PROCESS):
            words = [sys.executable, __file__, "--hold", str(port), str(min(PER_PROCESS, count - first))]
            holders.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            if holders[-1].stdout.readline() != "held\n":
                sys.exit("a client could not connect")
        waits_with, open_count = waits_ms(port), descriptors(process)
        each_bytes = (resident_bytes(process) - rss_bytes) / count
    finally:
        for holder in holders:
            holder.stdin.close()
            holder.wait()
    waits_after = waits_ms(port)
    print(f"- {count:,} idle connections ({open_count:,} descriptors): {each_bytes:.0f} bytes of resident memory each")
    for when, waits in [("before", waits_before), ("with them", waits_with), ("after", waits_after)]:
        quantiles = statistics.quantiles(waits, n=100)
        print(f"- an announce waits, {when}: median {quantiles[49]:.3f} ms, p99 {quantiles[98]:.3f} ms")
    return each_bytes


def hold(port, count):
    connections = [announce(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) for _ in range(count)]
    print("held", flush=True)
    sys.stdin.read()
    for connection in connections:
        connection.close()


def waits_ms(port):
    connection = announce(http.client.HTTPConnection("127.0.0.1", port, timeout=30))
    waits = []
    for _ in range(ANNOUNCES):
        began = time.perf_counter()
        announce(connection)
        waits.append((time.perf_counter() - began) * 1000)
    connection.close()
    return waits


def announce(connection):
    connection.request("GET", TARGET)
    connection.getresponse().read()
    return connection


def resident_bytes(process):
    return measure.field_mib(pathlib.Path(f"/proc/{process.pid}/status").read_text(), "VmRSS") * (1 << 20)


def descriptors(process):
    return len(list(pathlib.Path(f"/proc/{process.pid}/fd").iterdir()))


main()
