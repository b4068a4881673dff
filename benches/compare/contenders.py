"""The programs that are held against each other, and how each is asked for the same work."""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable

import measure
import transmission

HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass
class Contender:
    name: str
    # Does the work once and returns its cost.
    run: Callable[[], measure.Cost]


class Tools:
    """The programs of this machine. What is missing is left out, and named in `missing`."""

    def __init__(self, mt, scratch):
        self.mt, self.scratch, self.missing, self.versions = str(mt), scratch, set(), {}
        self.out = scratch / "out.torrent"
        self.log = scratch / "log"
        self.note_version("mt", [self.mt, "--version"])

    def note_version(self, name, command):
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(r"\d+(\.\d+)+\S*", said.stdout + said.stderr)
        self.versions[name] = found[0].rstrip(",") if found else "?"

    def has_program(self, name, version_option):
        if not shutil.which(name):
            self.missing.add(name)
            return False
        if name not in self.versions:
            self.note_version(name, [name, version_option])
        return True

    def has_module(self, name):
        probe = [sys.executable, "-c", f"import {name}; print({name}.__version__)"]
        if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
            self.missing.add(f"{name} (Python)")
            return False
        if name not in self.versions:
            self.note_version(name, probe)
        return True

    def command(self, name, words, environment=None, makes_torrent=False):
        words = [str(word) for word in words]

        def run():
            self.out.unlink(missing_ok=True)
            cost = measure.run(words, self.log, environment)
            if makes_torrent and not self.out.exists():
                raise measure.Failed("no torrent was made")
            return cost

        return Contender(name, run)

    def creators(self, path, version, piece_length):
        """All that can make a torrent of this version."""
        words = [self.mt, "client", "create", path, "-o", self.out]
        words += ["--meta", version, "--piece-length", piece_length]
        found = [self.command("mt", words, makes_torrent=True)]
        if version == "v1":
            found += self.v1_creators(path, piece_length)
        if self.has_module("libtorrent"):
            job = [sys.executable, HERE / "libtorrent_job.py", "create"]
            words = [*job, version, piece_length, path, self.out]
            found.append(self.command("libtorrent", words, makes_torrent=True))
        return found

    def v1_creators(self, path, piece_length):
        found = []
        if self.has_program("mktorrent", "-h"):
            exponent = piece_length.bit_length() - 1
            words = ["mktorrent", "-t", os.cpu_count(), "-l", exponent, "-o", self.out, path]
            found.append(self.command("mktorrent", words, makes_torrent=True))
        if self.has_module("torf"):
            words = [sys.executable, HERE / "torf_job.py", piece_length, path, self.out]
            found.append(self.command("torf", words, makes_torrent=True))
        if self.has_program("transmission-create", "--version"):
            words = ["transmission-create", "-s", piece_length >> 10, "-o", self.out, path]
            found.append(self.command("transmission-create", words, makes_torrent=True))
        return found

    def verifiers(self, torrent, folder):
        """All that can hold the content in a folder to a torrent."""
        found = [self.command("mt", [self.mt, "client", "verify", torrent, folder])]
        if self.has_module("libtorrent"):
            job = [sys.executable, HERE / "libtorrent_job.py", "check", torrent, folder]
            found.append(self.command("libtorrent", job))
        if self.has_program("rqbit", "--version"):
            found.append(self.command("rqbit", rqbit_words(torrent, folder)))
        if self.has_program("transmission-daemon", "--version"):
            verify = lambda: transmission.verify(torrent, folder, self.scratch)
            found.append(Contender("transmission", verify))
        if self.has_program("aria2c", "--version"):
            found.append(self.command("aria2", aria2_words(torrent, folder)))
        return found


def rqbit_words(torrent, folder):
    quiet = ["dht", "dht-persistence", "lsd", "trackers", "upnp-port-forward"]
    words = ["rqbit", "-v", "warn", *(f"--disable-{what}" for what in quiet)]
    words += ["--listen-ip", "127.0.0.1", "--ipv4-only", "--listen-port", transmission.free_port()]
    return [*words, "download", "--disable-http-api", "-e", "--overwrite", "-o", folder, torrent]


def aria2_words(torrent, folder):
    quiet = ["enable-dht", "enable-dht6", "bt-enable-lpd", "enable-peer-exchange"]
    words = ["aria2c", "--no-conf", "--summary-interval=0", *(f"--{what}=false" for what in quiet)]
    words += ["--check-integrity=true", "--hash-check-only=true", "--allow-overwrite=true"]
    return [*words, f"--dir={folder}", torrent]
