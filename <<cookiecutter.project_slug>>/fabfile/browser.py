"""The tests in a browser, which visit the running site: `fab test --browser`."""

import shlex
import shutil
import sys

from invoke.context import Context

from fabfile import docker, env, local, site
from fabfile.run import in_docker, is_up, run

# Taken where there is one; else Playwright brings a Chromium of its own.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def test(c: Context, options: str) -> None:
    """Start the site unless it runs, and run the tests, with these further words for pytest."""
    if in_docker():
        in_the_container(c, f"pytest tests/browser --base-url http://localhost:8000 {options}")
    else:
        on_the_host(c, f"pytest tests/browser --base-url {site.url()} {options}")


def in_the_container(c: Context, command: str) -> None:
    """Run the command in the service browser, which has Chromium and the network of `web`."""
    if not is_up():
        site.start_containers(c)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    options = f"--rm --build --no-deps {'' if terminal else '--no-TTY'}"
    c.run(f"{docker.compose()} run {options} browser {command}", pty=terminal)


def on_the_host(c: Context, command: str) -> None:
    """Run the command on this machine, after installing what it takes."""
    if not local.process():
        local.start(c)
    if not local.has("playwright"):
        local.install_group(c, "browser")
    chromium = env.read().get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), "")
    if not chromium:
        run(c, "playwright install chromium")
    run(c, f"env CHROMIUM={shlex.quote(chromium)} {command}")
