"""Asks the public databases of known weaknesses about every locked package."""

import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import docker
from fabfile.env import PROJECT
from fabfile.run import in_docker


@task
def audit(c: Context) -> None:
    """Ask whether a locked package has a known weakness.

    It takes a network; CI does so by itself. Raises Exit if one has, and also if a database could
    not be asked: no answer is not a good one.
    """
    faults = [*python_faults(c), *npm_faults(c)]
    if faults:
        raise Exit("\n".join(faults))
    print("No locked package has a known weakness.")


def python_faults(c: Context) -> Iterator[str]:
    """Yield a line for each weakness in poetry.lock, or the one that says why nobody knows.

    https://github.com/pypa/pip-audit
    """
    packages = tomllib.loads((PROJECT / "poetry.lock").read_text(encoding="utf-8"))["package"]
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "requirements.txt"
        pins.write_text("".join(f"{each['name']}=={each['version']}\n" for each in packages))
        options = (
            f"--requirement {pins} --no-deps --disable-pip --format json --progress-spinner off"
        )
        said = ask(c, f"{pip_audit()} {options}")
    if not isinstance(said, dict) or "dependencies" not in said:
        yield f"Python packages were not audited: pip-audit could not ask its database: {said}"
        return
    for package in said["dependencies"]:
        for weakness in package.get("vulns", []):
            mended = ", ".join(weakness["fix_versions"]) or "no version yet"
            yield f"{package['name']} {package['version']}: {weakness['id']}, mended in {mended}"
    # pip-audit itself passes over these, all of them where PyPI's own service is not reached.
    skipped = [package for package in said["dependencies"] if "skip_reason" in package]
    if skipped:
        count = f"{len(skipped)} of {len(said['dependencies'])}"
        yield f"Python packages were not audited, {count}: {skipped[0]['skip_reason']}"


def npm_faults(c: Context) -> Iterator[str]:
    """Yield a line for each weakness in package-lock.json, or the one that says why nobody knows.

    https://docs.npmjs.com/cli/commands/npm-audit
    """
    said = ask(c, f"{npm()} audit --package-lock-only --json")
    if not isinstance(said, dict) or "vulnerabilities" not in said:
        reason = said.get("message") or said.get("error") if isinstance(said, dict) else said
        yield f"npm packages were not audited: npm could not ask its database: {reason}"
        return
    for name, weakness in said["vulnerabilities"].items():
        yield f"{name} {weakness['range']}: {weakness['severity']}; type: npm audit"


def ask(c: Context, command: str) -> Any:
    """Return what a command prints as JSON; if it prints none, the last line of its complaint."""
    done: Any = c.run(command, hide=True, warn=True)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return (done.stderr.strip() or "it said nothing").splitlines()[-1]


def pip_audit() -> str:
    """Return the command that brings pip-audit's newest version; raise Exit if nothing can."""
    if shutil.which("uvx"):
        return "uvx pip-audit"
    if shutil.which("pipx"):
        return "pipx run pip-audit"
    raise Exit("Python packages were not audited: it takes pipx (or uv): https://pipx.pypa.io")


def npm() -> str:
    """Return the command that starts npm: this machine's, or the development container's."""
    if shutil.which("npm") or not in_docker():
        return "npm"
    return f"{docker.compose()} run --rm --no-deps --no-TTY web bash bash/node.sh npm"
