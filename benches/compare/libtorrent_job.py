"""One job for libtorrent's Python module, which says how long it took without the interpreter.

libtorrent_job.py create v1|v2|hybrid PIECE_LENGTH PATH OUT
libtorrent_job.py check TORRENT FOLDER
"""

import os
import sys
import time

import libtorrent as lt

HASHING_THREADS = 2


def create(version, piece_length, path, out):
    flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[version]
    torrent = lt.create_torrent(lt.list_files(path), int(piece_length), flags)
    lt.set_piece_hashes(torrent, os.path.dirname(os.path.abspath(path)))
    with open(out, "wb") as file:
        file.write(lt.bencode(torrent.generate()))


def check(torrent, folder):
    quiet = dict.fromkeys(("enable_dht", "enable_lsd", "enable_upnp", "enable_natpmp"), False)
    session = lt.session(
        quiet
        | {
            "listen_interfaces": "127.0.0.1:0",
            "hashing_threads": HASHING_THREADS,
            "checking_mem_usage": 2048,
            "alert_mask": lt.alert.category_t.status_notification
            | lt.alert.category_t.error_notification,
        }
    )
    wanted = lt.load_torrent_file(torrent)
    wanted.save_path = folder
    wanted.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handle = session.add_torrent(wanted)
    while True:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            if isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert)):
                sys.exit(alert.message())
            if isinstance(alert, lt.torrent_checked_alert):
                return handle.status().is_seeding


def main():
    job, *arguments = sys.argv[1:]
    start = time.monotonic()
    if job == "create":
        create(*arguments)
    elif not check(*arguments):
        sys.exit("the content is not whole")
    print(f"work seconds: {time.monotonic() - start:.4f}", flush=True)
    # Without the seconds that a session takes to say goodbye.
    os._exit(0)


main()
