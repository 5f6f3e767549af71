"""The template that the project came from, as git knows it; `.copier-answers.yml` names it."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from invoke.exceptions import Exit
from invoke.util import yaml  # Fabric brings it along.

from fabfile.env import PROJECT
from fabfile.git import git, paths, succeeds

FILE = PROJECT / ".copier-answers.yml"
SHORT = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
RELEASE = re.compile(r"v?(\d+(?:\.\d+)+)")


class Origin(NamedTuple):
    """Where the project came from: the template's address, and its release or commit, or ""."""

    address: str
    version: str


def read() -> Origin:
    """Return what `.copier-answers.yml` says; raise Exit if it is not there or names no template."""
    try:
        answers = yaml.safe_load(FILE.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError):
        raise Exit(f"{FILE.name} is missing or no YAML: git log -- {FILE.name}") from None
    if not answers.get("_src_path"):
        raise Exit(f"{FILE.name} names no template: add a line such as: _src_path: gh:org/name")
    return Origin(str(answers["_src_path"]), str(answers.get("_commit") or ""))


class Template:
    """A clone of the template, without files."""

    def __init__(self, folder: Path) -> None:
        """Keep where it is."""
        self.folder = folder

    def git(self, *words: str) -> str:
        """Return what git prints in the clone, without the last line's end; raise Exit if it fails."""
        return git(*words, folder=self.folder).rstrip("\n")

    def commit(self, name: str) -> str:
        """Return the commit that a tag, branch or other name means, or "" if it means none."""
        for each in (name, f"origin/{name}"):
            words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{each}^{{commit}}")
            if succeeds(*words, folder=self.folder):
                return self.git(*words)
        return ""

    def newest(self) -> str:
        """Return the newest release, or the newest commit if there is none."""
        tags = [tag for tag in self.git("tag").splitlines() if RELEASE.fullmatch(tag)]
        return max(tags, key=release_number, default="HEAD")

    def version(self, commit: str) -> str:
        """Return the name of a commit for people: its tag, or how far it is from one."""
        return self.git("describe", "--tags", "--always", commit)

    def is_within(self, commit: str, other: str) -> bool:
        """Whether `other` has all that `commit` has."""
        return succeeds("merge-base", "--is-ancestor", commit, other, folder=self.folder)

    def can_update(self, commit: str) -> bool:
        """Whether copier can read the template as it was at this commit."""
        return succeeds("cat-file", "-e", f"{commit}:copier.yml", folder=self.folder)

    def changed(self, old: str, new: str) -> list[str]:
        """Return the project's files that the template has changed, as it names them."""
        top = self.git("ls-tree", "--name-only", "-d", new).splitlines()
        folder = next(name for name in top if name.startswith("<"))
        options = ("--name-only", "--diff-filter=M", f"--relative={folder}", old, new)
        return paths("diff", *options, folder=self.folder)

    def upgrade_notes(self, old: str, new: str) -> str:
        """Return the upgrade notes of the releases after `old`, newest first."""
        known = notes(self.changelog(old))
        return "\n\n".join(note for note in notes(self.changelog(new)) if note not in known)

    def changelog(self, commit: str) -> str:
        """Return CHANGELOG.md, or "" if there is none."""
        name = f"{commit}:CHANGELOG.md"
        return (
            self.git("show", name) if succeeds("cat-file", "-e", name, folder=self.folder) else ""
        )


@contextmanager
def clone(address: str) -> Iterator[Template]:
    """Give the template's history for a while; raise Exit if it cannot be read."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            options = ("--quiet", "--no-checkout", "--filter=blob:none")
            git("clone", *options, "--", url(address), folder)
        except Exit as error:
            why = str(error).splitlines()[-1]
            raise Exit(
                f"The template at {address} could not be read: {why}\n"
                f"Is there a network, and is its address right, _src_path in {FILE.name}?"
            ) from error
        yield Template(Path(folder))


def url(address: str) -> str:
    """Return what git calls the address."""
    for short, long in SHORT.items():
        if address.startswith(short):
            return f"{long}{address.removeprefix(short).removesuffix('.git')}.git"
    return str(Path(address).expanduser()) if address[0] == "~" else address.removeprefix("git+")


def release_number(tag: str) -> list[int]:
    """Return the numbers of a release's name, to sort by."""
    return [int(number) for number in re.findall(r"\d+", tag)]


def notes(changelog: str) -> list[str]:
    """Return what each part called "Upgrade notes" says, but for those that say "None."."""
    found = re.findall(r"^### Upgrade notes\n(.*?)(?=^##|\Z)", changelog, re.MULTILINE | re.DOTALL)
    return [note.strip() for note in found if note.strip() not in {"", "None."}]
