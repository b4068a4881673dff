"""What the scripts print."""

import itertools
import sys


def print_table(header, rows):
    """Row by row, as they come: who stops it half way has what was measured until then."""
    for row in itertools.chain([header, ["---"] * len(header)], rows):
        print("| " + " | ".join(row) + " |", flush=True)


def note(text):
    print(text, file=sys.stderr, flush=True)
