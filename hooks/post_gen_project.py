"""Finish the generated project: its files, locks, origin and permissions; then print the next commands."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

PROJECT = Path.cwd()
ORIGIN = PROJECT / ".copier-answers.yml"

# Without a network, npm would retry for five minutes.
NPM_OPTIONS = ["--ignore-scripts", "--fetch-retries=0", "--fetch-timeout=60000"]
LOCKS = {
    "poetry.lock": [[sys.executable, "fabfile/poetry.py", "lock", "--regenerate", "--no-interaction"]],
    # The second command refuses a lock that the first one wrote from an incomplete registry.
    "package-lock.json": [
        ["npm", "install", *NPM_OPTIONS, "--package-lock-only", "--omit-lockfile-registry-resolved"],
        ["npm", "ci", *NPM_OPTIONS, "--dry-run"],
    ],
}
REGISTRY_URL = re.compile(r'^\s*(url = |"resolved": )"https?://', re.MULTILINE)


def main() -> None:
    """Run the steps in order; leave nothing behind when interrupted."""
    answers = json.loads(r"""<< cookiecutter | tojson >>""")
    # With --overwrite-if-exists the folder can contain a user's work.
    is_new = not ORIGIN.exists() and not (PROJECT / ".git").exists()
    try:
        remove_files_not_chosen(answers)
        remove_guards()
        if os.environ.get("SLIPWAY_LOCK") == "latest":
            lock_newest_versions()
        write_origin(answers)
        if is_new:
            set_permissions()
    except KeyboardInterrupt:
        if not is_new:
            sys.exit(f"\nInterrupted: {PROJECT.name} existed before, so it stays; review its changes.")
        shutil.rmtree(PROJECT)
        sys.exit(f"\nInterrupted: {PROJECT.name} was removed.")
    print_next_commands()


def remove_files_not_chosen(answers: dict) -> None:
    """Delete the files of values that were not chosen, as listed in cookiecutter.json."""
    for question, files in answers["_optional_files"].items():
        chosen = files[answers[question]]
        for path in [Path(name) for names in files.values() for name in names if name not in chosen]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def remove_guards() -> None:
    """Remove the lines that keep the project from starting until this hook has run."""
    for file in filter(Path.exists, (Path("manage.py"), Path("fabfile", "__init__.py"))):
        text = re.sub(r"^raise SystemExit\(.*\n", "", file.read_text("utf-8"), flags=re.MULTILINE)
        file.write_text(text, "utf-8")


def lock_newest_versions() -> None:
    """Update both lock files to the newest versions; restore the tested one if that fails."""
    # Locking needs no virtual environment and must leave none in the project.
    environment = {**os.environ, "POETRY_VIRTUALENVS_CREATE": "false"}
    for name, commands in LOCKS.items():
        lock = Path(name)
        tested = lock.read_bytes()
        lock.unlink()
        problem = "it was interrupted"
        try:
            for command in commands:
                print(f"$ {shlex.join(command)}", flush=True)
                subprocess.run(command, stdin=subprocess.DEVNULL, env=environment, check=True)
            has_registry = REGISTRY_URL.search(lock.read_text("utf-8"))
            problem = "the new one contains a registry's URL" if has_registry else ""
        except (OSError, subprocess.CalledProcessError) as error:
            problem = str(error)
        finally:
            if problem:
                lock.write_bytes(tested)
                print(f"{name} keeps the tested versions: {problem}. To try again: fab lock", flush=True)


def write_origin(answers: dict) -> None:
    """Write the template's URL, its version and the answers, as copier does, for updates."""
    origin = {question: answer for question, answer in answers.items() if not question.startswith("_")}
    origin["_src_path"] = source = answers["_template"]
    # A relative path is relative to where the command was typed.
    folder = Path(os.environ.get("PWD", PROJECT.parent), answers["_repo_dir"])
    if folder.is_dir() and source == answers["_repo_dir"] and not Path(source).is_absolute():
        origin["_src_path"] = os.path.relpath(folder, PROJECT)
    if (folder / ".git").exists() and shutil.which("git"):
        command = ["git", "-C", str(folder), "describe", "--tags", "--always"]
        if version := subprocess.run(command, capture_output=True, text=True).stdout.strip():
            origin["_commit"] = version
    text = yaml.dump(origin, indent=4, allow_unicode=True, default_flow_style=False)
    ORIGIN.write_text(f"# Changes here will be overwritten by Copier; NEVER EDIT MANUALLY\n{text}", "utf-8")


def set_permissions() -> None:
    """Make scripts executable and other files not, even if a zip or a network share changed that."""
    for path in [PROJECT, *PROJECT.rglob("*")]:
        is_script = path.is_file() and path.read_bytes().startswith(b"#!")
        path.chmod(0o755 if path.is_dir() or is_script else 0o644)


def print_next_commands() -> None:
    """Print the commands that start the site."""
    folder = os.path.relpath(PROJECT, os.environ.get("PWD", PROJECT.parent))
    print(f"""
{PROJECT.name} is ready. Start it with:

  cd {shlex.quote(str(PROJECT) if folder.startswith("..") else folder)}
  pipx install fabric
  fab build
  fab start

Then open http://localhost:8000. Without Docker the same commands run the site on this machine, with SQLite.
Without pipx, type `uvx --from fabric fab` instead of `fab`.
For git hooks and `fab update`: git init && git add --all && git commit -m "Begin"
""")


if __name__ == "__main__":
    main()
