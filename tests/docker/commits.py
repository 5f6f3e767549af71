"""A checkout whose commits are deployed."""

from pathlib import Path

from tests.docker.engine import run


class Commits:
    """A project's folder under git."""

    folder: Path

    def begin(self) -> None:
        """Make the folder a git repository with one commit."""
        run("git", "init", "--quiet", cwd=self.folder)
        self.commit()

    def head(self) -> str:
        """Return the commit of the checkout."""
        return run("git", "rev-parse", "HEAD", cwd=self.folder).stdout.strip()

    def commit(self) -> str:
        """Commit all there is, or nothing, and return the commit: another one in any case."""
        run("git", "add", "--all", cwd=self.folder)
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        run("git", *who, "commit", "--quiet", "--allow-empty", "--message", "x", cwd=self.folder)
        return self.head()

    def edit(self, name: str, text: str) -> str:
        """Add text to the end of a file, and commit."""
        with (self.folder / name).open("a") as file:
            file.write(text)
        return self.commit()

    def reset(self, commit: str) -> None:
        """Bring the checkout back to a commit."""
        run("git", "reset", "--quiet", "--hard", commit, cwd=self.folder)
