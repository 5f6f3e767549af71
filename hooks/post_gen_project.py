"""Finish the generated project: its choices, locks, origin and permissions; then say what to type."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ANSWERS = json.loads(r"""<< cookiecutter | tojson >>""")
PROJECT = Path.cwd()
ANSWERS_FILE = PROJECT / ".copier-answers.yml"

# With --overwrite-if-exists the folder can hold somebody's work.
IS_NEW = not ANSWERS_FILE.exists() and not (PROJECT / ".git").exists()

# Without a network npm would try each package again and again, five minutes in all.
NPM_OPTIONS = "--ignore-scripts --fetch-retries=0"
LOCK_COMMANDS = {
    "poetry.lock": f"{shlex.quote(sys.executable)} fabfile/poetry.py lock --regenerate --no-interaction",
    # The second command refuses a lock that the first one wrote from an incomplete registry.
    "package-lock.json": (
        f"npm install {NPM_OPTIONS} --package-lock-only --omit-lockfile-registry-resolved"
        f" && npm ci {NPM_OPTIONS} --dry-run"
    ),
}
LOCK_SECONDS = 180
REGISTRY_ADDRESS = re.compile(r'^\s*(url = |"resolved": )"https?://', re.MULTILINE)
TELLING_LINE = re.compile(
    r"^(?!npm warn|warning).*(error|fail|not found|not be|cannot).*", re.IGNORECASE | re.MULTILINE
)

URL = "http://localhost:8000"


def main() -> None:
    """Run the steps in their order; leave nothing behind when interrupted."""
    try:
        remove_files_not_chosen()
        if os.environ.get("SLIPWAY_LOCK") == "latest":
            lock_newest_versions()
        write_origin()
        set_permissions()
        print_next_commands()
    except KeyboardInterrupt:
        if IS_NEW:
            shutil.rmtree(PROJECT)
            sys.exit(f"\nInterrupted: {PROJECT.name} was removed.")
        sys.exit(f"\nInterrupted: {PROJECT.name} was there before, so it stays; look through its changes.")


def remove_files_not_chosen() -> None:
    """Delete the files of the values not chosen, by the table in cookiecutter.json."""
    for question, files in ANSWERS["_optional_files"].items():
        chosen = files[ANSWERS[question]]
        for path in [Path(name) for names in files.values() for name in names if name not in chosen]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


# --- Locks ---------------------------------------------------------------------------------------


class Lock:
    """A lock file that its package manager writes anew, in the background."""

    def __init__(self, name: str, command: str) -> None:
        """Start the command without the tested lock, which it would otherwise follow."""
        self.file = Path(name)
        self.tested = self.file.read_bytes()
        self.file.unlink()
        self.was_stopped = False
        self.output = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self.process = subprocess.Popen(
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            # Locking needs no virtual environment and must leave none in the project.
            env={**os.environ, "POETRY_VIRTUALENVS_CREATE": "false"},
            start_new_session=True,
        )

    def is_running(self) -> bool:
        """Tell whether the command is still at work."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End the command and all it has started, gently at first; no harm where it has ended."""
        for signal_number in (signal.SIGINT, signal.SIGKILL):
            if self.is_running():
                self.was_stopped = True
                os.killpg(self.process.pid, signal_number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(timeout=3)

    def fault(self) -> str:
        """Say in one line why the new lock is not to be used, or nothing."""
        if self.was_stopped:
            return f"it took more than {LOCK_SECONDS} s"
        if self.process.returncode != 0:
            self.output.seek(0)
            telling = TELLING_LINE.search(self.output.read())
            return telling[0].strip()[:160].rstrip(".") if telling else f"exit code {self.process.returncode}"
        if REGISTRY_ADDRESS.search(self.file.read_text(encoding="utf-8")):
            return "it would hold the address of a package registry"
        return ""


def lock_newest_versions() -> None:
    """Write both locks anew, side by side; one that fails stays as it was tested."""
    print("Looking up the newest versions (Ctrl-C gives up) ...", flush=True)
    locks: list[Lock] = []
    try:
        locks += [Lock(name, command) for name, command in LOCK_COMMANDS.items()]
        wait_for(locks)
    finally:
        for lock in locks:
            lock.stop()
    for lock in locks:
        if fault := lock.fault():
            lock.file.write_bytes(lock.tested)
            print(f"  {lock.file.name} keeps the tested versions: {fault}. Later: fab lock")
        else:
            print(f"  {lock.file.name} has the newest versions.")


def wait_for(locks: list[Lock]) -> None:
    """Show which locks are awaited and for how long: on one line of a terminal, else every 10 s."""
    started = time.monotonic()
    next_line = 10
    while running := [lock.file.name for lock in locks if lock.is_running()]:
        seconds = int(time.monotonic() - started)
        if seconds >= LOCK_SECONDS:
            break
        if sys.stdout.isatty():
            print(f"\r  {seconds} s: {', '.join(running)} ...\033[K", end="", flush=True)
        elif seconds >= next_line:
            print(f"  {seconds} s: {', '.join(running)} ...", flush=True)
            next_line += 10
        time.sleep(0.2)
    if sys.stdout.isatty():
        print("\r\033[K", end="")


# --- Origin and permissions ------------------------------------------------------------------------


def write_origin() -> None:
    """Write down the template's address, its version and the answers, as copier does, for updates."""
    origin = {question: answer for question, answer in ANSWERS.items() if not question.startswith("_")}
    folder = template_folder()
    origin["_src_path"] = template_address(folder)
    if version := git_version(folder):
        origin["_commit"] = version
    ANSWERS_FILE.write_text(
        "# Changes here will be overwritten by Copier; NEVER EDIT MANUALLY\n"
        + yaml.dump(origin, indent=4, allow_unicode=True, default_flow_style=False),
        encoding="utf-8",
    )


def template_folder() -> Path | None:
    """Find the template on this disk; if its path is relative, it is so from where the caller stood."""
    for start in (os.environ.get("PWD", ""), ANSWERS["_output_dir"]):
        folder = Path(start, ANSWERS["_repo_dir"])
        if (folder / "cookiecutter.json").is_file():
            return folder
    return None


def template_address(folder: Path | None) -> str:
    """Return the address as the caller gave it; a relative path as seen from the project."""
    address = ANSWERS["_template"]
    if folder and address == ANSWERS["_repo_dir"] and not Path(address).is_absolute():
        return os.path.relpath(folder, PROJECT)
    return address


def git_version(folder: Path | None) -> str:
    """Return the template's version as git describes it, or nothing where it is no git checkout."""
    if not folder or not (folder / ".git").exists() or not shutil.which("git"):
        return ""
    return output_of("git", "-C", str(folder), "describe", "--tags", "--always", seconds=5)


def set_permissions() -> None:
    """Make scripts executable, also where a zip or a share lost that, and the rest plain files."""
    if not IS_NEW:
        return
    for path in [PROJECT, *PROJECT.rglob("*")]:
        is_script = path.is_file() and path.read_bytes().startswith(b"#!")
        path.chmod(0o755 if path.is_dir() or is_script else 0o644)


# --- What to type next -----------------------------------------------------------------------------


def print_next_commands() -> None:
    """Print the commands that start the site, fitted to what this machine has."""
    obstacle = docker_obstacle()
    prepare = "setup" if obstacle else "build"
    fab, install_fab = fabric()
    folder = os.path.relpath(PROJECT, os.environ.get("PWD", PROJECT.parent))
    if folder.startswith(".."):
        folder = str(PROJECT)
    print(f"\n{PROJECT.name} is ready. Start it with:\n")
    for command in (f"cd {shlex.quote(folder)}", install_fab, f"{fab} {prepare}", f"{fab} start"):
        if command:
            print(f"  {command}")
    print(f"\nThen open {URL}\n")
    if obstacle:
        print(f"{obstacle}, so the site will run on this machine, with SQLite.\n")


def docker_obstacle() -> str:
    """Say what keeps the site from running in Docker here, or nothing."""
    if not shutil.which("docker"):
        return "Docker is not installed"
    if not output_of("docker", "version", "--format", "{{.Server.Version}}", seconds=1):
        return "Docker is installed but its engine does not answer"
    if not shutil.which("docker-compose") and not output_of("docker", "compose", "version", seconds=1):
        return "Docker is here but Docker Compose is not"
    return ""


def fabric() -> tuple[str, str]:
    """Return the word that calls Fabric here, and the command that installs it first where one must."""
    if shutil.which("fab"):
        return "fab", ""
    if shutil.which("uvx"):
        return "uvx --from fabric fab", ""
    if shutil.which("pipx"):
        return "fab", "pipx install fabric"
    own = "~/.local/share/fabric"
    return f"{own}/bin/fab", f"python3 -m venv {own} && {own}/bin/pip install fabric"


def output_of(*command: str, seconds: float) -> str:
    """Return what a command prints, or nothing where it fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


main()
