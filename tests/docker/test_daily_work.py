"""A team's day in Docker: checks, hooks, the debugger, tests in a browser, a dev container."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import AUTHOR, install_npm_packages, make_repository
from tests.debug_adapter import Debugger, request_in_background
from tests.docker.checkout import Checkout, NodeServer
from tests.production import wait_until

HERE = Path(__file__).resolve().parent
# A user other than root, if a test can choose.
DEVELOPER = os.getuid() or 1000
VIEW = "apps/core/views.py"


def test_debugger(default_ports: None, started: Checkout) -> None:
    """`fab debug`: an editor attaches, the site in the container stops, and again after an edit."""
    text = (started.folder / VIEW).read_text()
    line = text.splitlines().index('    return HttpResponseRedirect(static("favicon.ico"))') + 1
    file = str(started.folder / VIEW)
    mapping = {"localRoot": str(started.folder), "remoteRoot": "/app"}
    # A second session is opened at the port that the debugger has in the container.
    started.set_env(DEBUG_PORT="5678")
    started.fab("debug")
    editor = Debugger(int(started.env("DEBUG_PORT")), pathMappings=[mapping])
    editor.configure()
    for _ in range(2):
        server = editor.attach_to_child()
        server.configure(file, line)
        with request_in_background(f"http://localhost:{started.env('WEB_PORT')}/favicon.ico") as statuses:
            assert server.wait_for_stop() == (file, line)
            assert statuses == []
            server.resume()
        assert statuses == [200]
        started.edit(VIEW, text, f"{text}\n")
    assert "attach" not in started.fab("restart")
    assert "debugpy" not in started.compose("top", "web")


def test_browser(started: Checkout) -> None:
    """`fab test --browser` visits the site that runs, by a Chromium in an image of its own."""
    before = started.web.inspect("{{.State.StartedAt}}")
    output = started.fab("test", "--browser")
    assert "2 passed" in output
    assert started.web.inspect("{{.State.StartedAt}}") == before
    started.edit("assets/js/modules/theme.js", "saveTheme(window, target.value);", "")
    wait_until(lambda: "saveTheme" not in started.get("/static/dist/js/main.js").body, 30)
    broken = started.run("fab", "test", "--browser", "-k", "theme", check=False)
    assert broken.returncode == 1
    assert "1 failed" in broken.stdout
    assert started.strangers() == []


def test_hooks(started: Checkout) -> None:
    """A commit in bad style is refused and fixed by the container's tools, whether the site runs or not."""
    started.variables |= AUTHOR
    make_repository(started.folder)
    started.give_away(started.folder)
    started.run("pre-commit", "install")
    for name in ("running", "stopped"):
        file = started.folder / "apps/core" / f"{name}.py"
        file.write_text("x = {  'a':1 }\n")
        started.run("git", "add", "--all")
        assert started.run("git", "commit", f"--message={name}", check=False).returncode == 1
        assert file.read_text() == 'x = {"a": 1}\n'
        started.run("git", "add", "--all")
        started.run("git", "commit", f"--message={name}")
        started.fab("stop")


# --- A dev container ----------------------------------------------------------------------


@pytest.fixture(scope="session")
def devcontainer(project_variables: dict[str, str]) -> tuple[str, str]:
    """Return the words that start the dev containers' own program, as VS Code uses it."""
    files = sorted((HERE / "dev_container").iterdir())
    folder = install_npm_packages("dev_container", files, project_variables)
    program = folder / "node_modules" / ".bin" / "devcontainer"
    return shutil.which("node", path=project_variables["PATH"]), str(program)


@pytest.mark.parametrize("with_fabric", [True, False], ids=["with Fabric", "without"])
def test_dev_container(
    checkout, node_server: NodeServer, node_modules: Path, devcontainer: tuple[str, str], with_fabric: bool
) -> None:
    """The dev container is `web`: the site runs, tasks run in its terminal, and files are the caller's."""
    made = checkout(uid=DEVELOPER, gid=DEVELOPER)
    made.warm(node_server, node_modules)
    if not with_fabric:
        forget_fabric(made)
    folder = ("--workspace-folder", str(made.folder))
    output = made.run(*devcontainer, "up", *folder, timeout=600).stdout
    up = json.loads(output.strip().splitlines()[-1])
    assert (up["outcome"], up["remoteUser"], up["remoteWorkspaceFolder"]) == ("success", "app", "/app")

    def inside(*words: str, check: bool = True):
        return made.run(*devcontainer, "exec", *folder, *words, check=check)

    assert inside("id", "-u").stdout.split()[-1] == str(made.uid)
    settings = (made.folder / ".env").read_text()
    assert "no issues" in inside("fab", "manage", "check").stdout
    assert "1 passed" in inside("fab", "test", "-k", "test_ready").stdout
    assert "All is well" in inside("fab", "lint").stdout
    inside("git", "--version")
    refused = inside("fab", "start", check=False)
    assert refused.returncode == 1
    assert "run this in a terminal on your own machine" in refused.stdout
    assert (made.folder / ".env").read_text() == settings
    wait_until(lambda: made.shows("/", "</html>"), 120)
    assert made.strangers() == []


def forget_fabric(made: Checkout) -> None:
    """Let the developer have no Fabric, and of .env what this network demands alone."""
    lines = (made.folder / ".env").read_text().splitlines()
    kept = [line for line in lines if re.match(r"NVM_|POETRY_|COMPOSE_|\w+_PORT=", line)]
    (made.folder / ".env").write_text("\n".join([*kept, ""]))
    made.variables["PATH"] = "/usr/local/bin:/usr/bin:/bin"
