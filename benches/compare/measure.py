"""Runs programs and says what they cost."""

import dataclasses
import os
import pathlib
import re
import statistics
import subprocess
import threading
import time

# Whoever needs longer would make everyone else wait; none of the tasks takes a good program more
# than some seconds.
TIMEOUT_S = 60
SAMPLE_EVERY_S = 0.005
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

# A program that starts slowly for reasons of its own (an interpreter) may say how long its work
# took, in a line of standard output that begins so.
WORK_SECONDS = "work seconds: "


@dataclasses.dataclass
class Cost:
    wall_s: float
    cpu_s: float
    anon_mib: float
    rss_mib: float


class Failed(Exception):
    """The program ended with an error; the text is the end of what it said."""


class MemoryWatch(threading.Thread):
    """The peak of anonymous memory, by looking often; the kernel itself keeps that of all."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.anon_mib, self.rss_mib, self.is_over = pid, 0.0, 0.0, False
        self.start()

    def run(self):
        while not self.is_over:
            try:
                status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
            except OSError:
                return
            self.anon_mib = max(self.anon_mib, field_mib(status, "RssAnon"))
            self.rss_mib = max(self.rss_mib, field_mib(status, "VmHWM"))
            time.sleep(SAMPLE_EVERY_S)

    def end(self):
        self.is_over = True
        self.join()


def field_mib(status, name):
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def run(command, log_path, environment=None):
    """Runs a command to its end and returns its cost."""
    with open(log_path, "w+b") as log:
        start = time.monotonic()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | (environment or {}),
            start_new_session=True,
        )
        watch = MemoryWatch(process.pid)
        alarm = threading.Timer(TIMEOUT_S, process.kill)
        alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - start
        alarm.cancel()
        watch.end()
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        said = log.read().decode(errors="replace")
    if wall_s > TIMEOUT_S:
        raise Failed(f"not done in {TIMEOUT_S} s")
    if process.returncode != 0:
        raise Failed(f"exit status {process.returncode}: {said[-500:].strip()}")
    own = re.search(rf"^{WORK_SECONDS}([\d.]+)$", said, re.MULTILINE)
    return Cost(
        wall_s=float(own[1]) if own else wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        anon_mib=watch.anon_mib,
        rss_mib=usage.ru_maxrss / 1024,
    )


def cpu_seconds(pid):
    """Of a process that still runs."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def median_cost(costs):
    return Cost(
        **{
            field.name: statistics.median(getattr(cost, field.name) for cost in costs)
            for field in dataclasses.fields(Cost)
        }
    )


def bring_into_cache(path):
    """Reads a file, or all that is in a folder: some programs have the kernel forget what they read."""
    buffer = bytearray(1 << 20)
    files = [path] if path.is_file() else (found for found in path.rglob("*") if found.is_file())
    for name in files:
        with open(name, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def drop_from_cache(path):
    """Has the kernel forget the pages of a file, once they are all on the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def direct_read_s(path, step_bytes):
    """How long the disk takes for a whole file, past the cache and with nothing done to it."""
    words = ["dd", f"if={path}", "of=/dev/null", f"bs={step_bytes}", "iflag=direct"]
    start = time.monotonic()
    subprocess.run(words, check=True, capture_output=True)
    return time.monotonic() - start


def load_average():
    return "load average " + " ".join(f"{load:.1f}" for load in os.getloadavg())


def machine(folder):
    """Lines that say what was measured on."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    cpu = re.search(r"model name\s*: (.*)", cpuinfo)
    units = [flag for flag in ("avx512bw", "avx2", "sha_ni") if f" {flag}" in cpuinfo]
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return [
        f"processor: {cpu[1] if cpu else 'unknown'} ({', '.join(units)})",
        f"cores: {len(os.sched_getaffinity(0))}; memory: {int(memory[1]) >> 20} GiB",
        f"kernel: {os.uname().sysname} {os.uname().release}; file system: {file_system(folder)}",
    ]


def file_system(folder):
    """The type of the mount that a folder lies in."""
    real = os.path.realpath(folder)
    best = ("", "unknown")
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        if (real + "/").startswith(mount.rstrip("/") + "/"):
            best = max(best, (mount, kind), key=lambda found: len(found[0]))
    return best[1]
