"""`.env`: what people write into it, and what Fabric and the site both read."""

import shutil
import socket
from pathlib import Path

import pytest

from tests.production import find_free_port
from tests.project import Project

PRINT = 'shell -v0 -c "from django.conf import settings; print(settings.{})"'


@pytest.fixture
def env(project: Project) -> Path:
    """Return the project's `.env`, written already."""
    project.run("fab", "manage", "check")
    return project.folder / ".env"


def test_quotes_and_comments_do_not_change_a_value(project: Project, env: Path) -> None:
    """Quotes, spaces, comments and `export` around a value of `.env` make no difference."""
    for port, line in {
        8056: "WEB_PORT=8056 # mine",
        8057: 'WEB_PORT="8057"',
        8058: "export WEB_PORT = '8058'",
        8059: "\tWEB_PORT=8059\t",
    }.items():
        env.write_text(f"{env.read_text()}\n{line}\n")
        assert f"http://localhost:{port} " in project.run("fab", "status").stdout
    env.write_text(env.read_text() + 'DEFAULT_FROM_EMAIL="A $HOME ${USER} <a\'b@site.test>" # ours\n')
    printed = project.run("fab", "manage", PRINT.format("DEFAULT_FROM_EMAIL")).stdout
    assert printed.strip() == "A $HOME ${USER} <a'b@site.test>"


@pytest.mark.parametrize(
    ("line", "task", "reason"),
    [
        (b'NAME="open', "status", "line 2 is not NAME=value"),
        (b"just words", "start", "line 2 is not NAME=value"),
        ("NAME=é".encode("latin-1"), "setup", "not UTF-8"),
        (b"WEB_PORT=abc", "start", "WEB_PORT is 'abc'"),
        (b"WEB_PORT=70000", "status", "WEB_PORT is '70000'"),
        (b"WEB_PORT=\xc2\xb2", "start", "WEB_PORT is"),
        (b"RUN_IN=moon", "status", "RUN_IN is 'moon'"),
    ],
)
def test_an_invalid_line_is_reported_in_one_line(
    default_project: Path,
    project_variables: dict[str, str],
    tmp_path: Path,
    line: bytes,
    task: str,
    reason: str,
) -> None:
    """A line of `.env` that cannot be used is named in one line, before anything is done."""
    folder = shutil.copytree(default_project, tmp_path / "site")
    (folder / ".env").write_bytes(b"# Ours\n" + line + b"\n")
    variables = {name: value for name, value in project_variables.items() if name != "RUN_IN"}
    if b"RUN_IN" not in line:
        variables["RUN_IN"] = "host"
    refused = Project(folder, variables).run("fab", task, check=False)
    assert refused.returncode == 1
    assert reason in refused.stdout
    assert "Traceback" not in refused.stdout


def test_variables_of_the_shell_are_written(default_project: Path, project_variables, tmp_path: Path) -> None:
    """Variables of the shell are written into a new `.env`; later ones count for one command."""
    folder = shutil.copytree(default_project, tmp_path / "site")
    project = Project(folder, {**project_variables, "RUN_IN": "host"})
    first = project.run("fab", "status", WEB_PORT="8099", SECRET_KEY="it's # $mine").stdout
    assert "http://localhost:8099 " in first
    written = (folder / ".env").read_text()
    assert "\nRUN_IN=host\n" in written
    assert "\nWEB_PORT=8099\n" in written
    assert "\nSECRET_KEY='it\\'s # $mine'\n" in written
    assert "http://localhost:8100 " in project.run("fab", "status", WEB_PORT="8100").stdout
    assert (folder / ".env").read_text() == written


def test_debugpy_can_be_switched_off(project: Project, env: Path) -> None:
    """`DEBUGPY=false`, as in any other variable, is off: no debugger listens."""
    env.write_text(env.read_text() + "DEBUGPY=false\nAUTO_START_SERVER=no\n")
    started = project.run("fab", "start").stdout
    project.run("fab", "stop")
    assert "Attach an editor" not in started
    assert "The server is not started" in started


@pytest.mark.parametrize(
    "command",
    [
        ("fab", "manage", "check"),
        ("python", "manage.py", "check"),
        ("pytest", "tests", "--numprocesses=0", "-q"),
    ],
    ids=["fab", "manage.py", "pytest"],
)
def test_another_projects_settings_in_the_shell(project: Project, command: tuple[str, ...]) -> None:
    """`DJANGO_SETTINGS_MODULE` of another project has no effect."""
    project.run(*command, DJANGO_SETTINGS_MODULE="other.settings", DEBUG="true")


def test_the_shell_of_another_project(project: Project, tmp_path: Path) -> None:
    """Folders and modes set in the shell for another project do not affect the site."""
    for name in ("config/__init__.py", "django/__init__.py", "bash/node.sh"):
        (tmp_path / "other" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "other" / name).touch()
    other = dict.fromkeys(["PYTHONPATH", "CDPATH"], str(tmp_path / "other"))
    variables = {**other, "NODE_ENV": "production", "WEB_PORT": str(find_free_port())}
    try:
        assert "The site is at" in project.run("fab", "start", **variables).stdout
    finally:
        project.run("fab", "stop", **variables)
    assert (project.folder / "node_modules" / "stylelint").exists()


def test_a_port_in_use_on_ipv6(project: Project) -> None:
    """A port in use at `::1` alone, where browsers look for localhost, counts as taken."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        refused = project.run("fab", "start", check=False, WEB_PORT=str(port))
    assert refused.returncode == 1
    assert f"Port {port} is taken" in refused.stdout


@pytest.mark.parametrize("name", [".env", ".run", "dumps"])
def test_a_failed_write_is_reported_in_one_line(project: Project, name: str) -> None:
    """A failed write of `fab` is reported in one line, and leaves nothing behind."""
    project.run("python", "manage.py", "migrate", DEBUG="true")
    before = {file.name for file in project.folder.iterdir()}
    if name == ".env":
        (project.folder / name).mkdir()
    else:
        (project.folder / name).touch()
        before.add(".env")
    task = {".env": "status", ".run": "start", "dumps": "dump-db"}[name]
    refused = project.run("fab", task, check=False)
    assert refused.returncode == 1
    assert name in refused.stdout.splitlines()[-1]
    assert "Traceback" not in refused.stdout
    assert {file.name for file in project.folder.iterdir()} == before | {name}


@pytest.mark.parametrize("version", ["v24.11.1", "24.11", "lts/*", "node"])
def test_a_version_of_node_in_any_form(project: Project, version: str) -> None:
    """`.nvmrc` may name the version in any numeric form; an alias is refused in one line."""
    (project.folder / ".nvmrc").write_text(f"{version}\n")
    (project.folder / ".venv").unlink()
    shown = project.run(
        "python", "-c", "from fabfile.run import has_node; print(has_node())", check=False
    ).stdout
    if "24" in version:
        assert shown.strip() in {"True", "False"}
    else:
        assert f".nvmrc contains '{version}'" in shown


def test_packages_of_another_folder(project: Project) -> None:
    """A project that was renamed, or whose Python is gone, says to type `fab setup`."""
    environment = (project.folder / ".venv").resolve()
    (project.folder / ".venv").unlink()
    shutil.copytree(environment / "bin", project.folder / ".venv" / "bin", symlinks=True)
    for _ in ("moved", "dangling"):
        refused = project.run("fab", "manage", "check", check=False)
        assert refused.returncode == 1
        assert "Type: fab setup" in refused.stdout
        python = project.folder / ".venv" / "bin" / "python"
        python.unlink()
        python.symlink_to("/nonexistent")
