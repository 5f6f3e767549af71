"""Tasks that test and tidy the code; `check` is what CI runs."""

import shlex

from fabric import task
from invoke.context import Context

from fabfile import browser as in_browser
from fabfile import changes
from fabfile.run import in_docker, install_npm_packages, npm, run


@task(
    help={
        "k": "Only those whose names fit: 'health and not slow'",
        "changed": "Only those of what differs from the main branch",
        "pdb": "Open Python's debugger where one fails",
        "browser": "Those in a browser, against the running site",
        "arguments": "What else pytest is told: 'apps/core --durations=5'",
    }
)
def test(
    c: Context,
    k: str = "",
    changed: bool = False,
    pdb: bool = False,
    browser: bool = False,
    arguments: str = "",
) -> None:
    """Run the tests of Python and JavaScript, or some of them."""
    chosen = f"-k {shlex.quote(k)}" if k else ""
    options = " ".join(word for word in (chosen, "--pdb" if pdb else "", arguments) if word)
    if browser:
        in_browser.test(c, options)
    elif changed:
        test_changed(c, options)
    else:
        if not options:
            npm(c, "test")
        run(c, f"pytest {options}")


@task(help={"staged": "Only the files that git has staged"})
def lint(c: Context, staged: bool = False) -> None:
    """Say what is wrong with the code; see also format."""
    run_steps(c, "lint", staged=staged)


@task(help={"staged": "Only the files that git has staged"})
def format(c: Context, staged: bool = False) -> None:
    """Write the code in the one style."""
    run_steps(c, "format", staged=staged)


@task(help={"fix": "Mend first what can be mended"})
def check(c: Context, fix: bool = False) -> None:
    """Run all that CI runs: style, types, Django's checks, tests."""
    if fix:
        run_steps(c, "format", warn=True)
    run_steps(c, "check")


@task
def assets(c: Context) -> None:
    """Build the stylesheets and scripts, as for production."""
    npm(c, "run build")


@task(help={"keep": "Keep the versions that are locked already"})
def lock(c: Context, keep: bool = False) -> None:
    """Choose the newest versions allowed, and write the locks."""
    poetry = "poetry" if in_docker() else "python3 fabfile/poetry.py"
    run(c, f"{poetry} lock {'' if keep else '--regenerate'}")
    npm(c, f"{'install' if keep else 'update'} --package-lock-only")


# --- Helpers ------------------------------------------------------------------------------


def run_steps(c: Context, name: str, *, staged: bool = False, warn: bool = False) -> None:
    """Run the steps of this name, see fabfile/steps.py; raise UnexpectedExit if one fails.

    They run in one command, since a container takes a while to be entered.
    """
    files = changes.staged() if staged else []
    if staged and not files:
        print("Nothing is staged.")
        return
    command = f"python fabfile/steps.py {name} {shlex.join(files)}"
    if not files or any(file.startswith("assets/") for file in files):
        install_npm_packages(c)
        command = f"bash bash/node.sh {command}"
    run(c, command, warn=warn, with_services=name == "check")


def test_changed(c: Context, options: str) -> None:
    """Run the tests of what differs from the main branch."""
    files = changes.since_main()
    folders = changes.concerned(files)
    if not files:
        print("Nothing differs from the main branch.")
    if any(file.startswith("assets/") for file in files):
        npm(c, "test")
    if folders:
        print(f"Tests of {' '.join(folders)}:", flush=True)
        run(c, f"pytest {options} {shlex.join(folders)}")
