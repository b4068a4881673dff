"""Load on a tracker, and what it cost it: by UDP with aquatic's load tester, by HTTP with wrk, and
many peers one after the other for their memory."""

import dataclasses
import http.client
import pathlib
import re
import socket
import struct
import subprocess
import time
import urllib.parse

import measure
from trackers import GENERATOR_CORE

HERE = pathlib.Path(__file__).parent

# The tester reports every five seconds. In the first two its peers are made and most of them are
# new to the tracker; from then on it is as in daily life, where most are known.
UDP_REPORTS_SKIPPED = 2
UDP_PEERS = 1_000_000
UDP_WANTED = 30

HTTP_CONNECTIONS = 64
HTTP_WARM_UP_S = 2

# Addresses and ports of the peers whose memory is looked at.
PEERS_PER_ADDRESS = 50_000
FIRST_PORT = 1024
UNANSWERED_MAX = 64
ANSWER_TIMEOUT_S = 0.5
SETTLE_S = 3

PROTOCOL_ID = 0x41727101980
CONNECT, ANNOUNCE = 0, 1
STARTED = 2


@dataclasses.dataclass
class Load:
    per_s: float
    per_cpu_s: float
    p99_ms: float | None = None


def load_by_udp(machine, process, port, folder, seconds, hash_count, connect_weight):
    """Announces answered, among `connect_weight` connects for every hundred."""
    config = folder / "tester.toml"
    config.write_text(
        f'server_address = "127.0.0.1:{port}"\nworkers = 1\nduration = {seconds}\n'
        "extra_statistics = false\n"
        "[network]\nmultiple_client_ipv4s = false\nsockets_per_worker = 1\n"
        f"[requests]\nnumber_of_torrents = {hash_count}\nnumber_of_peers = {UDP_PEERS}\n"
        f"announce_peers_wanted = {UDP_WANTED}\n"
        f"weight_connect = {connect_weight}\nweight_announce = 100\nweight_scrape = 0\n"
    )
    words = machine.on_core(GENERATOR_CORE, ["aquatic_udp_load_test", "-c", config])
    reports = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as tester:
        for line in tester.stdout:
            if line.startswith("# aquatic load test report"):
                break
            if line.startswith("Requests out"):
                reports.append([time.monotonic(), measure.cpu_seconds(process.pid)])
            elif found := re.match(r"\s+- (Announce|Error) responses:\s+([\d.]+)", line):
                reports[-1].append(float(found[2]))
        tester.stdout.read()
    return udp_load(reports)


def udp_load(reports):
    """Each report: wall and CPU seconds, announces and errors a second since the report before."""
    count = wall_s = cpu_s = 0.0
    for before, after in zip(reports[UDP_REPORTS_SKIPPED - 1 :], reports[UDP_REPORTS_SKIPPED:]):
        if after[3] > 0:
            raise measure.Failed(f"{after[3]} errors a second")
        count += after[2] * (after[0] - before[0])
        wall_s += after[0] - before[0]
        cpu_s += after[1] - before[1]
    if count == 0 or cpu_s == 0:
        raise measure.Failed("no announce was answered")
    return Load(count / wall_s, count / cpu_s)


def load_by_http(machine, process, port, hashes, seconds, connection, a_hash):
    """Announces answered, over connections that stay or with a new one for each."""
    expect_peers(port, a_hash)
    run_wrk(machine, port, hashes, HTTP_WARM_UP_S, connection)
    cpu_s = measure.cpu_seconds(process.pid)
    said = run_wrk(machine, port, hashes, seconds, connection)
    cpu_s = measure.cpu_seconds(process.pid) - cpu_s
    count = int(re.search(r"(\d+) requests in", said)[1])
    if found := re.search(r"Non-2xx.*", said):
        raise measure.Failed(found[0].strip())
    if count == 0 or cpu_s == 0:
        raise measure.Failed("no announce was answered")
    per_s = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    return Load(per_s, count / cpu_s, p99_ms(said))


def run_wrk(machine, port, hashes, seconds, connection):
    words = ["wrk", "-t1", f"-c{HTTP_CONNECTIONS}", f"-d{seconds}s", "--latency"]
    words += ["-s", HERE / "announce.lua", f"http://127.0.0.1:{port}", "--", hashes, connection]
    words = machine.on_core(GENERATOR_CORE, words)
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def p99_ms(said):
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def expect_peers(port, a_hash):
    """Fails where an announce is answered, but with something else than peers."""
    query = "peer_id=-LT2000-000000000000&port=1000&uploaded=0&downloaded=0&left=0&compact=1"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"/announce?info_hash={urllib.parse.quote(a_hash)}&{query}")
    body = connection.getresponse().read()
    connection.close()
    if b"5:peers" not in body:
        raise measure.Failed(f"it answered {body[:100]}")


def bytes_per_peer(process, port, hashes, peers):
    """Resident memory that peers add, spread evenly over the swarms of these info-hashes."""
    rss_bytes = resident_bytes(process)
    for first in range(0, peers, PEERS_PER_ADDRESS):
        address = f"127.0.1.{1 + first // PEERS_PER_ADDRESS}"
        numbers = range(first, min(first + PEERS_PER_ADDRESS, peers))
        with Announcer(address, port) as announcer:
            announcer.announce((number - first + FIRST_PORT, hashes[number % len(hashes)]) for number in numbers)
    time.sleep(SETTLE_S)
    return (resident_bytes(process) - rss_bytes) / peers


def resident_bytes(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return measure.field_mib(status, "VmRSS") * (1 << 20)


class Announcer:
    """One address of this machine, from which many peers announce themselves."""

    def __init__(self, address, port):
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(ANSWER_TIMEOUT_S)

    def __enter__(self):
        self.socket.send(struct.pack(">QII", PROTOCOL_ID, CONNECT, 0))
        self.connection_id = self.socket.recv(16)[8:]
        return self

    def __exit__(self, *_):
        self.socket.close()

    def announce(self, peers):
        """Ports and info-hashes of seeders; each is told again of until it is answered."""
        unanswered = {}
        for number, (port, info_hash) in enumerate(peers):
            unanswered[number] = self.question(number, port, info_hash)
            self.socket.send(unanswered[number])
            if len(unanswered) >= UNANSWERED_MAX:
                self.take_answers(unanswered, UNANSWERED_MAX // 2)
        self.take_answers(unanswered, 0)

    def question(self, number, port, info_hash):
        head = self.connection_id + struct.pack(">II", ANNOUNCE, number) + info_hash + bytes(20)
        return head + struct.pack(">QQQIIIiH", 0, 0, 0, STARTED, 0, 0, 1, port)

    def take_answers(self, unanswered, until):
        while len(unanswered) > until:
            try:
                action, number = struct.unpack_from(">II", self.socket.recv(2048))
            except TimeoutError:
                for question in unanswered.values():
                    self.socket.send(question)
                continue
            if action != ANNOUNCE:
                raise measure.Failed(f"an announce was answered with action {action}")
            unanswered.pop(number, None)
