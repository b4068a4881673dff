"""What libtorrent makes of a torrent, as one JSON object.

libtorrent_says.py torrent FILE
libtorrent_says.py magnet URI
libtorrent_says.py create v1|v2|hybrid PIECE_LENGTH PATH OUT
libtorrent_says.py check FILE FOLDER
"""

import itertools
import json
import os
import sys

import libtorrent as lt

TIMEOUT_MS = 60_000


def of_hashes(hashes):
    return {
        "v1": str(hashes.v1) if hashes.has_v1() else None,
        "v2": str(hashes.v2) if hashes.has_v2() else None,
    }


def torrent(path):
    read = lt.load_torrent_file(path)
    info, files = read.ti, read.ti.files()
    raw = lt.bdecode(info.info_section())
    return {
        **of_hashes(info.info_hashes()),
        "name": info.name(),
        "piece_length": info.piece_length(),
        "private": info.priv(),
        "source": raw.get(b"source", b"").decode(),
        "trackers": tiers(zip(read.tracker_tiers, read.trackers)),
        "web_seeds": read.url_seeds,
        "comment": read.comment,
        "created_by": read.created_by,
        "creation_date": read.creation_date,
        "files": [of_file(files, index) for index in range(files.num_files())],
    }


def tiers(numbered):
    groups = itertools.groupby(numbered, key=lambda entry: entry[0])
    return [[url for _, url in group] for _, group in groups]


def of_file(files, index):
    flags = files.file_flags(index)
    root = files.root(index)
    return {
        "path": files.file_path(index),
        "size": files.file_size(index),
        "pad": bool(flags & lt.file_flags_t.flag_pad_file),
        "executable": bool(flags & lt.file_flags_t.flag_executable),
        "symlink": files.symlink(index) if flags & lt.file_flags_t.flag_symlink else None,
        "root": None if root.is_all_zeros() else str(root),
    }


def magnet(uri):
    read = lt.parse_magnet_uri(uri)
    return {
        **of_hashes(read.info_hashes),
        "name": read.name,
        "trackers": read.trackers,
        "web_seeds": read.url_seeds,
    }


def create(version, piece_length, path, out):
    flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[version]
    made = lt.create_torrent(lt.list_files(path), int(piece_length), flags)
    made.add_tracker("http://127.0.0.1:1/announce", 0)
    made.add_url_seed("http://127.0.0.1:1/")
    made.set_comment("of libtorrent")
    lt.set_piece_hashes(made, os.path.dirname(os.path.abspath(path)))
    with open(out, "wb") as file:
        file.write(lt.bencode(made.generate()))
    return torrent(out)


def check(path, folder):
    """Whether the content in a folder is whole."""
    quiet = dict.fromkeys(("enable_dht", "enable_lsd", "enable_upnp", "enable_natpmp"), False)
    mask = lt.alert.category_t.status_notification | lt.alert.category_t.error_notification
    session = lt.session(quiet | {"listen_interfaces": "127.0.0.1:0", "alert_mask": mask})
    wanted = lt.load_torrent_file(path)
    wanted.save_path = folder
    wanted.trackers = wanted.url_seeds = []
    # Checked, but not joined: what is missing is not to be written.
    wanted.flags |= lt.torrent_flags.stop_when_ready
    wanted.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handle = session.add_torrent(wanted)
    while session.wait_for_alert(TIMEOUT_MS):
        for alert in session.pop_alerts():
            if isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert)):
                sys.exit(alert.message())
            if isinstance(alert, lt.torrent_checked_alert):
                status = handle.status()
                return {"is_whole": status.is_seeding, "pieces": status.num_pieces}
    sys.exit("no word of the check in time")


def main():
    jobs = {job.__name__: job for job in (torrent, magnet, create, check)}
    name, *arguments = sys.argv[1:]
    print(json.dumps(jobs[name](*arguments)), flush=True)
    # Without the seconds that a session takes to say goodbye.
    os._exit(0)


main()
