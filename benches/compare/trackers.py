"""The trackers that are held against each other: how each is told to serve one port with one worker."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import measure

TRACKER_CORE, GENERATOR_CORE = 0, 1
START_TIMEOUT_S = 10
STOP_TIMEOUT_S = 30
FREE_PORT_TRIES = 50


class Machine:
    """The two cores, and whether programs on them may go before all else that runs here."""

    def __init__(self):
        probe = ["chrt", "--rr", "1", "true"]
        may_go_first = shutil.which("chrt") and subprocess.run(probe, capture_output=True, check=False).returncode == 0
        self.first = ["chrt", "--rr", "1"] if may_go_first else []
        self.has_two_cores = {TRACKER_CORE, GENERATOR_CORE} <= os.sched_getaffinity(0)

    def on_core(self, core, command, may_go_first=True):
        pinned = ["taskset", "-c", str(core)] if self.has_two_cores else []
        first = self.first if may_go_first else []
        return [*first, *pinned, *(str(word) for word in command)]

    def says(self):
        cores = f"tracker on core {TRACKER_CORE}, generator on core {GENERATOR_CORE}"
        priority = "before all else (round robin)" if self.first else "at the usual priority"
        return f"{cores if self.has_two_cores else 'not pinned'}; {priority}"


class Tracker:
    """A program that can be started anew on a port; the words say what serves which protocol."""

    def __init__(self, name, program, prepare, protocols, may_go_first=True):
        self.name, self.program, self.prepare, self.protocols = name, program, prepare, protocols
        self.may_go_first = may_go_first

    def is_there(self):
        return shutil.which(str(self.program)) is not None

    @contextlib.contextmanager
    def running(self, machine, folder, protocol):
        """The process and its port; the folder is fresh, and the tracker's own."""
        folder = folder / f"{self.name}-{time.monotonic_ns()}"
        folder.mkdir()
        port = free_port()
        words = self.prepare(self.program, folder, port, protocol)
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                machine.on_core(TRACKER_CORE, words, self.may_go_first),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True,
            )
        try:
            wait_until_served(process, port, folder / "log")
            yield process, port
        finally:
            stop(process)
            shutil.rmtree(folder, ignore_errors=True)


def all_trackers(mt, bound, hashes):
    """All of them; `hashes` names a file with the info-hashes that will be asked for."""
    opentracker = lambda *told: opentracker_words(*told, hashes)
    # Two threads of aquatic_http wait for each other: before all else, each would keep the core from
    # the other for as long as the kernel allows.
    return [
        Tracker("mt", mt, mt_words, ["udp", "http-keep", "http-close"]),
        Tracker("aquatic_udp", "aquatic_udp", aquatic_udp_words, ["udp"]),
        Tracker("aquatic_http", "aquatic_http", aquatic_http_words, ["http-keep", "http-close"], may_go_first=False),
        Tracker("opentracker", "opentracker", opentracker, ["udp", "http-keep", "http-close"]),
        Tracker("bound", bound, bound_words, ["udp", "http-keep", "http-close"]),
    ]


def mt_words(program, folder, port, _protocol):
    words = [program, "tracker", "--state", folder / "swarms.txt", "--log", folder / "mt.log"]
    return [*words, "--http", f"127.0.0.1:{port}", "--udp", f"127.0.0.1:{port}"]


def aquatic_udp_words(program, folder, port, _protocol):
    config = folder / "config.toml"
    config.write_text(f'socket_workers = 1\n[network]\naddress = "127.0.0.1:{port}"\n')
    return [program, "-c", config]


def aquatic_http_words(program, folder, port, _protocol):
    config = folder / "config.toml"
    config.write_text(
        f'socket_workers = 1\nswarm_workers = 1\n[network]\naddress = "127.0.0.1:{port}"\n'
        "enable_tls = false\nkeep_alive = true\n"
    )
    return [program, "-c", config]


def opentracker_words(program, folder, port, _protocol, hashes):
    # Some distributions build it to serve only what it is told to. It gives up its rights, and
    # reads the list with those that are left.
    shutil.copy(hashes, folder / "hashes.txt")
    os.chmod(folder, 0o755)
    config = folder / "config"
    lines = [f"listen.tcp_udp 127.0.0.1:{port}", f"tracker.rootdir {folder}", "tracker.user nobody"]
    said = subprocess.run([program, "-h"], capture_output=True, text=True, check=False)
    if "whitelist" in said.stdout + said.stderr:
        lines.append("access.whitelist hashes.txt")
    config.write_text("\n".join(lines) + "\n")
    return [program, "-f", config]


def bound_words(program, _folder, port, protocol):
    return [program, protocol, f"127.0.0.1:{port}"]


def build_bound(repository):
    """The path of the program, built if it is not."""
    source = pathlib.Path(__file__).parent / "bound"
    target = repository / "target" / "bound"
    words = ["cargo", "build", "--release", "--quiet", "--locked", "--target-dir", target]
    subprocess.run(words, cwd=source, check=True)
    return target / "release" / "bound"


def free_port():
    """Free for both protocols, which one number is to serve."""
    for _ in range(FREE_PORT_TRIES):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise measure.Failed("no port is free")


def wait_until_served(process, port, log):
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until:
        if process.poll() is not None:
            said = log.read_text(errors="replace")[-500:].strip()
            raise measure.Failed(f"it ended at once, exit status {process.returncode}: {said}")
        if is_taken(port):
            return
        time.sleep(0.05)
    raise measure.Failed(f"it does not listen after {START_TIMEOUT_S} s")


def is_taken(port):
    """Whether somebody serves the port, by TCP or UDP; asked of the kernel, so that nobody notices."""
    wanted = f":{port:04X}"
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            if line.split()[1].endswith(wanted):
                return True
    return False


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
