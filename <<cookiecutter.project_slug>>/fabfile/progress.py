"""How far long work has come."""

import sys
import time
from typing import IO, Any

PIECE = 256 * 1024


class Progress:
    """Says on a terminal how many bytes are done, and of how many if that is known."""

    def __init__(self, total: int = 0, verb: str = "copied") -> None:
        self.total, self.verb, self.done, self.said_at = total, verb, 0, 0.0

    def show(self, done: int) -> None:
        """Say how many bytes are done, five times a second at most."""
        self.done = done
        if sys.stderr.isatty() and time.monotonic() - self.said_at > 0.2:
            self.said_at = time.monotonic()
            share = f", {done * 100 // self.total} %" if self.total else ""
            said = f"\r\033[K{shown(done)} {self.verb}{share}"
            print(said, end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Take the line away."""
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def copy(self, source: IO[bytes] | Any, target: IO[bytes] | Any) -> None:
        """Copy all that `source` has to `target`, a piece at a time."""
        try:
            while piece := source.read(PIECE):
                target.write(piece)
                self.show(self.done + len(piece))
        finally:
            self.end()


def shown(size: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{size / 1000:.1f} kB"
