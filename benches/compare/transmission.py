"""transmission-daemon, which verifies what it is given when asked over its RPC."""

import base64
import json
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

import measure

START_TIMEOUT_S = 10
POLL_EVERY_S = 0.005
SESSION_HEADER = "X-Transmission-Session-Id"
STOPPED, SEEDING_QUEUED, SEEDING = 0, 5, 6


def verify(torrent, folder, scratch):
    """The cost from handing the torrent over until the daemon knows that nothing is left."""
    with Daemon(folder, scratch) as daemon:
        pid = daemon.process.pid
        watch = measure.MemoryWatch(pid)
        start, cpu_s = time.monotonic(), measure.cpu_seconds(pid)
        metainfo = base64.b64encode(pathlib.Path(torrent).read_bytes()).decode()
        daemon.call("torrent-add", {"metainfo": metainfo, "download-dir": str(folder)})
        while not daemon.is_whole():
            if time.monotonic() - start > measure.TIMEOUT_S:
                raise measure.Failed(f"not done in {measure.TIMEOUT_S} s")
            time.sleep(POLL_EVERY_S)
        wall_s, cpu_s = time.monotonic() - start, measure.cpu_seconds(pid) - cpu_s
        watch.end()
        return measure.Cost(wall_s, cpu_s, watch.anon_mib, watch.rss_mib)


class Daemon:
    """Runs while the `with` block does, and talks to nobody but us."""

    def __init__(self, folder, scratch):
        self.home = pathlib.Path(scratch, "transmission")
        self.home.mkdir(exist_ok=True)
        self.port, self.session = free_port(), ""
        settings = {
            "rpc-bind-address": "127.0.0.1",
            "rpc-port": self.port,
            "rpc-authentication-required": False,
            "bind-address-ipv4": "127.0.0.1",
            "peer-port": free_port(),
            "download-dir": str(folder),
            "start-added-torrents": True,
        }
        quiet = ("dht", "lpd", "pex", "utp", "port-forwarding")
        settings |= {f"{what}-enabled": False for what in quiet}
        pathlib.Path(self.home, "settings.json").write_text(json.dumps(settings))

    def __enter__(self):
        command = ["transmission-daemon", "-f", "-g", str(self.home), "--log-error"]
        silent = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent)
        end = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self.call("session-get", {})
                return self
            except (urllib.error.URLError, ConnectionError) as error:
                if time.monotonic() > end:
                    self.__exit__()
                    raise measure.Failed(f"the daemon does not answer: {error}") from error
                time.sleep(0.02)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for kept in self.home.glob("*/*.*"):
            kept.unlink()

    def call(self, method, arguments):
        body = json.dumps({"method": method, "arguments": arguments}).encode()
        address = f"http://127.0.0.1:{self.port}/transmission/rpc"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while True:
            request = urllib.request.Request(address, body, {SESSION_HEADER: self.session})
            try:
                with opener.open(request, timeout=30) as answer:
                    return json.load(answer)["arguments"]
            except urllib.error.HTTPError as error:
                # The first call of a session is told the word that all others must carry.
                if error.code != 409:
                    raise
                self.session = error.headers[SESSION_HEADER]

    def is_whole(self):
        fields = ["leftUntilDone", "status", "sizeWhenDone"]
        torrents = self.call("torrent-get", {"fields": fields})["torrents"]
        return any(
            torrent["sizeWhenDone"] > 0
            and torrent["leftUntilDone"] == 0
            and torrent["status"] in (STOPPED, SEEDING_QUEUED, SEEDING)
            for torrent in torrents
        )


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
