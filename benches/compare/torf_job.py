"""Makes a torrent with torf, and says how long it took without the interpreter.

torf_job.py PIECE_LENGTH PATH OUT
"""

import os
import sys
import time

import torf

piece_length, path, out = sys.argv[1:]
start = time.monotonic()
torrent = torf.Torrent(path=path, piece_size=int(piece_length))
torrent.generate(threads=os.cpu_count())
torrent.write(out, overwrite=True)
print(f"work seconds: {time.monotonic() - start:.4f}")
