"""Tasks that test and format the code; CI runs `check`."""

import shlex
import shutil
import sys

from fabric import task
from invoke.context import Context

from fabfile import development, docker, env, local
from fabfile.run import VENV, in_docker, install_npm_packages, is_up, npm, run
from fabfile.update import list_changed_files

# The first of these that is installed; otherwise Playwright installs Chromium.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@task(
    help={
        "k": "Run only tests whose names match: 'health and not slow'",
        "pdb": "Open Python's debugger when a test fails",
        "browser": "Run the browser tests, against the running site",
        "arguments": "More arguments for pytest: 'apps/core --durations=5'",
    }
)
def test(
    c: Context, k: str = "", pdb: bool = False, browser: bool = False, arguments: str = ""
) -> None:
    """Run the Python and JavaScript tests, or some of them."""
    selection = f"-k {shlex.quote(k)}" if k else ""
    options = " ".join(word for word in (selection, "--pdb" if pdb else "", arguments) if word)
    if browser:
        test_in_browser(c, options)
    else:
        if not options:
            npm(c, "test")
        run(c, f"pytest {options}")


@task(help={"staged": "Only the files staged in git"})
def lint(c: Context, staged: bool = False) -> None:
    """Check the code's style; see also format."""
    run_steps(c, "lint", staged=staged)


@task(help={"staged": "Only the files staged in git"})
def format(c: Context, staged: bool = False) -> None:
    """Format the code."""
    run_steps(c, "format", staged=staged)


@task(help={"fix": "First fix what can be fixed automatically"})
def check(c: Context, fix: bool = False) -> None:
    """Run CI's checks: style, types, Django's checks, tests."""
    if fix:
        run_steps(c, "format", warn=True)
    run_steps(c, "check")


@task
def assets(c: Context) -> None:
    """Build the stylesheets and scripts, as for production."""
    npm(c, "run build")


@task(help={"keep": "Keep the versions that are already locked"})
def lock(c: Context, keep: bool = False) -> None:
    """Update the lock files to the newest versions allowed."""
    poetry = "poetry" if in_docker() else "python3 fabfile/poetry.py"
    run(c, f"{poetry} lock {'' if keep else '--regenerate'}")
    npm(c, f"{'install' if keep else 'update'} --package-lock-only")


def run_steps(c: Context, name: str, *, staged: bool = False, warn: bool = False) -> None:
    """Run the steps of this name, see fabfile/steps.py; raise UnexpectedExit if one fails."""
    files = list_changed_files("d", "--cached") if staged else []
    if staged and not files:
        print("Nothing is staged.")
        return
    command = f"python fabfile/steps.py {name} {shlex.join(files)}"
    if not files or any(file.startswith("assets/") for file in files):
        install_npm_packages(c)
        command = f"bash bash/node.sh {command}"
    run(c, command, warn=warn, with_services=name == "check")


def test_in_browser(c: Context, options: str) -> None:
    """Run the tests in tests/browser against the site; start it if it is not running."""
    if in_docker():
        if not is_up():
            development.start_containers(c)
        # The service `browser` has Chromium and shares the network of `web`.
        command = f"pytest tests/browser --base-url http://localhost:8000 {options}"
        terminal = sys.stdin.isatty() and sys.stdout.isatty()
        flags = f"--rm --build --no-deps {'' if terminal else '--no-TTY'}"
        c.run(f"{docker.compose()} run {flags} browser {command}", pty=terminal)
        return
    local.start(c)
    if not (VENV / "bin" / "playwright").exists():
        local.poetry(c, "install --with browser")
    chromium = env.read().get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), "")
    if not chromium:
        run(c, "playwright install chromium")
    variables = f"env CHROMIUM={shlex.quote(chromium)}"
    run(c, f"{variables} pytest tests/browser --base-url {development.url()} {options}")
