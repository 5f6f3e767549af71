"""A checkout whose commits are deployed."""

from pathlib import Path

from tests.docker.engine import run


class Commits:
    """A project's folder in git."""

    folder: Path

    def init_repository(self) -> None:
        """Make the folder a git repository with one commit."""
        run("git", "init", "--quiet", cwd=self.folder)
        self.commit()

    def get_commit(self) -> str:
        """Return the current commit."""
        return run("git", "rev-parse", "HEAD", cwd=self.folder).stdout.strip()

    def commit(self) -> str:
        """Commit all changes, or an empty commit, and return it."""
        run("git", "add", "--all", cwd=self.folder)
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        run("git", *identity, "commit", "--quiet", "--allow-empty", "--message", "x", cwd=self.folder)
        return self.get_commit()

    def edit(self, name: str, text: str) -> str:
        """Append text to a file and commit."""
        with (self.folder / name).open("a") as file:
            file.write(text)
        return self.commit()

    def reset(self, commit: str) -> None:
        """Reset the checkout to a commit."""
        run("git", "reset", "--quiet", "--hard", commit, cwd=self.folder)
