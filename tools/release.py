"""Make a release of the template, for `make release`: python3 -m tools.release check, write or tag.

A release is named by the day and is a tag; CHANGELOG.md says what is in it, and under "Upgrade notes" what a
project has to do itself.
"""

import re
import subprocess
import sys
from datetime import UTC, datetime

from tools import TEMPLATE

CHANGELOG = TEMPLATE / "CHANGELOG.md"
UNRELEASED = re.compile(r"^## Unreleased\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
NEXT = "## Unreleased\n\n### Upgrade notes\n\nNone.\n\n"


def check() -> None:
    """Exit with what keeps a release from being made, or do nothing."""
    if git("branch", "--show-current") != "main":
        sys.exit("Releases are made on main: git switch main")
    if git("status", "--porcelain"):
        sys.exit("There is work that is not committed: git status")
    news()


def news() -> str:
    """Return what CHANGELOG.md says under "Unreleased"; exit if that is nothing, or no upgrade notes."""
    found = UNRELEASED.search(CHANGELOG.read_text(encoding="utf-8"))
    text, heading, _ = found[1].partition("### Upgrade notes\n") if found else ("", "", "")
    if not text.strip():
        sys.exit('CHANGELOG.md has nothing under "## Unreleased": write what has changed.')
    if not heading:
        sys.exit('CHANGELOG.md has no "### Upgrade notes" there: write what a project must do, or "None."')
    return found[1]


def write() -> None:
    """Put the day over the news in CHANGELOG.md, commit that with the locks, and tag it."""
    name = next_name(git("tag").splitlines())
    news()
    text = CHANGELOG.read_text(encoding="utf-8")
    CHANGELOG.write_text(text.replace("## Unreleased\n", f"{NEXT}## {name}\n", 1), encoding="utf-8")
    git("commit", "--quiet", "--all", f"--message=Release {name}")
    tag()
    print(f"To publish it: git push origin main {name}")


def tag() -> None:
    """Tag the newest release that CHANGELOG.md names, unless it is tagged already."""
    names = re.findall(r"^## (\d{4}\.[\d.]+)$", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)
    if not names or names[0] in git("tag").splitlines():
        print("CHANGELOG.md names no release that has no tag yet.")
        return
    git("tag", names[0])
    print(f"Release {names[0]} is tagged.")


def next_name(tags: list[str]) -> str:
    """Return the day's name, such as 2026.11.27, or 2026.11.27.1 for the day's second release."""
    today = datetime.now(UTC)
    day = f"{today.year}.{today.month}.{today.day}"
    names = [day, *(f"{day}.{number}" for number in range(1, 100))]
    return next(name for name in names if name not in tags)


def git(*words: str) -> str:
    """Return what git prints; exit with what it complains of if it fails."""
    result = subprocess.run(["git", *words], cwd=TEMPLATE, capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr.strip())
    return result.stdout.strip()


if __name__ == "__main__":
    {"check": check, "write": write, "tag": tag}[sys.argv[1]]()
