"""libtorrent's Python module as a peer, with its settings for fast seeds.

libtorrent_peer.py seed TORRENT FOLDER PORT
libtorrent_peer.py get TORRENT FOLDER PORT PEER_PORT
"""

import os
import sys
import time

import libtorrent as lt

HOST = "127.0.0.1"


def session(port):
    settings = lt.high_performance_seed()
    settings.update(
        dict.fromkeys(
            (
                "enable_dht",
                "enable_lsd",
                "enable_upnp",
                "enable_natpmp",
                "enable_incoming_utp",
                "enable_outgoing_utp",
            ),
            False,
        )
        | {
            "listen_interfaces": f"{HOST}:{port}",
            "in_enc_policy": int(lt.enc_policy.pe_disabled),
            "out_enc_policy": int(lt.enc_policy.pe_disabled),
            "allow_multiple_connections_per_ip": True,
            "hashing_threads": 2,
            "alert_mask": int(lt.alert.category_t.status_notification)
            | int(lt.alert.category_t.storage_notification),
        }
    )
    return lt.session(settings)


def main():
    job, torrent, folder, port, *peer = sys.argv[1:]
    ours = session(port)
    wanted = lt.add_torrent_params()
    wanted.ti = lt.torrent_info(torrent)
    wanted.save_path = folder
    wanted.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    if job == "seed":
        wanted.flags |= lt.torrent_flags.seed_mode
    start = time.monotonic()
    print(f"work began: {start:.4f}", flush=True)
    handle = ours.add_torrent(wanted)
    for other in peer:
        handle.connect_peer((HOST, int(other)))
    while job == "seed" or not handle.status().is_seeding:
        ours.wait_for_alert(20)
        ours.pop_alerts()
    print(f"work seconds: {time.monotonic() - start:.4f}", flush=True)
    # Its last blocks may still be on their way to the file.
    handle.flush_cache()
    while not any(isinstance(it, lt.cache_flushed_alert) for it in ours.pop_alerts()):
        ours.wait_for_alert(20)
    # Without the seconds that a session takes to say goodbye.
    os._exit(0)


main()
