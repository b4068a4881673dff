"""A peer by libtorrent, which knows only the torrent's trackers.

libtorrent_peer.py TORRENT FOLDER SECONDS_TO_SEED [LISTEN]

Says `whole` when it has everything, seeds for as long as it is told to, and takes its leave of the
trackers.
"""

import sys
import time

import libtorrent as lt

TIMEOUT_S = 100
LEAVE_S = 10


def main():
    torrent, folder, seconds_to_seed = sys.argv[1], sys.argv[2], float(sys.argv[3])
    listen = sys.argv[4] if len(sys.argv) > 4 else "127.0.0.1:0"
    quiet = dict.fromkeys(("enable_dht", "enable_lsd", "enable_upnp", "enable_natpmp"), False)
    settings = quiet | {
        "listen_interfaces": listen,
        "allow_multiple_connections_per_ip": True,
        # Without encrypted handshakes, which are tried first and long.
        "in_enc_policy": 2,
        "out_enc_policy": 2,
        "alert_mask": lt.alert.category_t.tracker_notification,
    }
    session = lt.session(settings)
    wanted = lt.load_torrent_file(torrent)
    wanted.save_path = folder
    wanted.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handle = session.add_torrent(wanted)
    give_up_at = time.monotonic() + TIMEOUT_S
    while not handle.status().is_seeding:
        if time.monotonic() > give_up_at:
            sys.exit("nothing came in time: " + "; ".join(map(str, session.pop_alerts())))
        time.sleep(0.05)
    print("whole", flush=True)
    time.sleep(seconds_to_seed)
    session.pop_alerts()
    handle.pause()
    give_up_at = time.monotonic() + LEAVE_S
    while time.monotonic() < give_up_at:
        session.wait_for_alert(100)
        if any(isinstance(alert, lt.tracker_reply_alert) for alert in session.pop_alerts()):
            break


main()
