"""Tells all of gunicorn's workers that the server is about to stop."""

import mmap

# One byte of memory that the workers share with gunicorn's master, from which they are forked.
_flag = mmap.mmap(-1, 1)


def begin() -> None:
    """Make `/readyz` return 503 from now on, in every worker."""
    _flag[0] = 1


def is_draining() -> bool:
    """Return whether the server is about to stop."""
    return _flag[0] == 1
