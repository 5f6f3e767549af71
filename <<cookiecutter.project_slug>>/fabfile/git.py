"""Git, asked about this project or another repository."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from invoke.exceptions import Exit

from fabfile.env import PROJECT


def git(
    *words: str | Path, folder: Path = PROJECT, variables: Mapping[str, str] | None = None
) -> str:
    """Return what git prints in `folder`; raise Exit, with what it complains of, if it fails."""
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=folder,
            env={**os.environ, **(variables or {})},
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except FileNotFoundError:
        raise Exit("Git is not installed: https://git-scm.com/downloads") from None
    if done.returncode:
        raise Exit(done.stderr.strip() or f"git {words[0]} ended with {done.returncode}.")
    return done.stdout


def succeeds(*words: str | Path, folder: Path = PROJECT) -> bool:
    """Whether git ends well with these words."""
    try:
        git(*words, folder=folder)
    except Exit:
        return False
    return True


def paths(*words: str, folder: Path = PROJECT) -> list[str]:
    """Return the paths, or other lines, that a command with the option -z lists."""
    command, *options = words
    return [path for path in git(command, "-z", *options, folder=folder).split("\0") if path]
