"""Make a release of the template, for `make release`: python3 -m tools.release check, write or tag.

A release is a tag with the date as its name. CHANGELOG.md describes the changes, and under "Upgrade notes"
what a team must do in its project.
"""

import re
import subprocess
import sys
from datetime import UTC, datetime

from tools import TEMPLATE

CHANGELOG = TEMPLATE / "CHANGELOG.md"
UNRELEASED = re.compile(r"^## Unreleased\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
EMPTY_SECTION = "## Unreleased\n\n### Upgrade notes\n\nNone.\n\n"


def check() -> None:
    """Exit with the reason if a release cannot be made."""
    if run_git("branch", "--show-current") != "main":
        sys.exit("Releases are made on main: git switch main")
    if run_git("status", "--porcelain"):
        sys.exit("Some changes are not committed: git status")
    read_changes()


def read_changes() -> str:
    """Return the unreleased changes in CHANGELOG.md; exit if there are none, or no upgrade notes."""
    match = UNRELEASED.search(CHANGELOG.read_text(encoding="utf-8"))
    text, heading, _ = match[1].partition("### Upgrade notes\n") if match else ("", "", "")
    if not text.strip():
        sys.exit('CHANGELOG.md has nothing under "## Unreleased": write what has changed.')
    if not heading:
        sys.exit('CHANGELOG.md has no "### Upgrade notes" there: write what a project must do, or "None."')
    return match[1]


def write() -> None:
    """Write the release's name into CHANGELOG.md, commit that with the lock files, and tag it."""
    name = choose_name(run_git("tag").splitlines())
    read_changes()
    text = CHANGELOG.read_text(encoding="utf-8")
    CHANGELOG.write_text(text.replace("## Unreleased\n", f"{EMPTY_SECTION}## {name}\n", 1), encoding="utf-8")
    run_git("commit", "--quiet", "--all", f"--message=Release {name}")
    tag()
    print(f"To publish it: git push origin main {name}")


def tag() -> None:
    """Tag the newest release in CHANGELOG.md, unless it is tagged already."""
    names = re.findall(r"^## (\d{4}\.[\d.]+)$", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)
    if not names or names[0] in run_git("tag").splitlines():
        print("CHANGELOG.md names no release without a tag.")
        return
    run_git("tag", names[0])
    print(f"Release {names[0]} is tagged.")


def choose_name(tags: list[str]) -> str:
    """Return today's date, such as 2026.11.27, or 2026.11.27.1 for the second release of the day."""
    today = datetime.now(UTC)
    day = f"{today.year}.{today.month}.{today.day}"
    names = [day, *(f"{day}.{number}" for number in range(1, 100))]
    return next(name for name in names if name not in tags)


def run_git(*words: str) -> str:
    """Run git and return its output; exit with its error if it fails."""
    result = subprocess.run(["git", *words], cwd=TEMPLATE, capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr.strip())
    return result.stdout.strip()


if __name__ == "__main__":
    {"check": check, "write": write, "tag": tag}[sys.argv[1]]()
