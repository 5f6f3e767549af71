"""Daily work in Docker: the debugger, browser tests, hooks, and a dev container."""

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
# A user other than root, if the tests run as root.
DEVELOPER = os.getuid() or 1000
VIEW = "apps/core/views.py"


def test_debugger(default_ports: None, checkout: Checkout) -> None:
    """After `fab debug` an editor can stop the site in the container at a breakpoint, again after an edit."""
    text = (checkout.folder / VIEW).read_text()
    line = text.splitlines().index('    return HttpResponseRedirect(static("favicon.ico"))') + 1
    file = str(checkout.folder / VIEW)
    mapping = {"localRoot": str(checkout.folder), "remoteRoot": "/app"}
    # The second session connects to the debugger's port in the container.
    checkout.set_env(DEBUG_PORT="5678")
    checkout.fab("debug")
    editor = Debugger(int(checkout.read_env("DEBUG_PORT")), pathMappings=[mapping])
    editor.configure()
    for _ in range(2):
        server = editor.attach_to_child()
        server.configure(file, line)
        with request_in_background(
            f"http://localhost:{checkout.read_env('WEB_PORT')}/favicon.ico"
        ) as statuses:
            assert server.wait_for_stop() == (file, line)
            assert statuses == []
            server.resume()
        assert statuses == [200]
        checkout.edit(VIEW, text, f"{text}\n")
    assert "attach" not in checkout.fab("restart")
    assert "debugpy" not in checkout.compose("top", "web")


def test_browser_tests(checkout: Checkout) -> None:
    """`fab test --browser` tests the running site with Chromium in a separate image."""
    before = checkout.web.inspect("{{.State.StartedAt}}")
    output = checkout.fab("test", "--browser")
    assert "2 passed" in output
    assert checkout.web.inspect("{{.State.StartedAt}}") == before
    checkout.edit("assets/js/modules/theme.js", "saveTheme(window, target.value);", "")
    wait_until(lambda: "saveTheme" not in checkout.get("/static/dist/js/main.js").body, 30)
    result = checkout.run("fab", "test", "--browser", "-k", "theme", check=False)
    assert result.returncode == 1
    assert "1 failed" in result.stdout
    assert checkout.find_foreign_files() == []


def test_hooks(checkout: Checkout) -> None:
    """The pre-commit hook uses the container's tools to fix style, whether the site is running or not."""
    checkout.variables |= AUTHOR
    make_repository(checkout.folder)
    checkout.chown(checkout.folder)
    checkout.run("pre-commit", "install")
    for name in ("running", "stopped"):
        file = checkout.folder / "apps/core" / f"{name}.py"
        file.write_text("x = {  'a':1 }\n")
        checkout.run("git", "add", "--all")
        assert checkout.run("git", "commit", f"--message={name}", check=False).returncode == 1
        assert file.read_text() == 'x = {"a": 1}\n'
        checkout.run("git", "add", "--all")
        checkout.run("git", "commit", f"--message={name}")
        checkout.fab("stop")


# --- A dev container ----------------------------------------------------------------------


@pytest.fixture(scope="session")
def devcontainer(project_variables: dict[str, str]) -> tuple[str, str]:
    """Return the command that starts the dev container CLI, which VS Code uses."""
    files = sorted((HERE / "dev_container").iterdir())
    folder = install_npm_packages("dev_container", files, project_variables)
    program = folder / "node_modules" / ".bin" / "devcontainer"
    return shutil.which("node", path=project_variables["PATH"]), str(program)


@pytest.mark.parametrize("with_fabric", [True, False], ids=["with Fabric", "without"])
def test_dev_container(
    make_checkout,
    node_server: NodeServer,
    node_modules: Path,
    devcontainer: tuple[str, str],
    with_fabric: bool,
) -> None:
    """The dev container is `web`: the site and the tasks run in it, and the caller owns the files."""
    checkout = make_checkout(uid=DEVELOPER, gid=DEVELOPER)
    checkout.preinstall_node(node_server, node_modules)
    if not with_fabric:
        remove_fabric(checkout)
    folder = ("--workspace-folder", str(checkout.folder))
    output = checkout.run(*devcontainer, "up", *folder, timeout=600).stdout
    up = json.loads(output.strip().splitlines()[-1])
    assert (up["outcome"], up["remoteUser"], up["remoteWorkspaceFolder"]) == ("success", "app", "/app")

    def run_inside(*words: str, check: bool = True):
        return checkout.run(*devcontainer, "exec", *folder, *words, check=check)

    assert run_inside("id", "-u").stdout.split()[-1] == str(checkout.uid)
    settings = (checkout.folder / ".env").read_text()
    assert "no issues" in run_inside("fab", "manage", "check").stdout
    assert "1 passed" in run_inside("fab", "test", "-k", "test_ready").stdout
    assert "All is well" in run_inside("fab", "lint").stdout
    run_inside("git", "--version")
    result = run_inside("fab", "start", check=False)
    assert result.returncode == 1
    assert "run this in a terminal on your own machine" in result.stdout
    assert (checkout.folder / ".env").read_text() == settings
    wait_until(lambda: checkout.shows("/", "</html>"), 120)
    assert checkout.find_foreign_files() == []


def remove_fabric(checkout: Checkout) -> None:
    """Remove Fabric, and all of .env except what this network needs."""
    lines = (checkout.folder / ".env").read_text().splitlines()
    lines_to_keep = [line for line in lines if re.match(r"NVM_|POETRY_|COMPOSE_|\w+_PORT=", line)]
    (checkout.folder / ".env").write_text("\n".join([*lines_to_keep, ""]))
    checkout.variables["PATH"] = "/usr/local/bin:/usr/bin:/bin"
