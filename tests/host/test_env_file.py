"""`.env`, as Fabric and the site read it."""

import shutil
import socket
from pathlib import Path

import pytest

from tests.production import find_free_port
from tests.project import Project

PRINT = 'shell -v0 -c "from django.conf import settings; print(settings.{})"'


@pytest.fixture
def env(project: Project) -> Path:
    """Return the project's `.env`, which `fab` has created."""
    project.run("fab", "manage", "check")
    return project.folder / ".env"


def test_quotes_and_comments_do_not_change_a_value(project: Project, env: Path) -> None:
    """In `.env`, quotes, spaces, comments and `export` around a value have no effect."""
    for port, line in {
        8056: "WEB_PORT=8056 # mine",
        8057: 'WEB_PORT="8057"',
        8058: "export WEB_PORT = '8058'",
        8059: "\tWEB_PORT=8059\t",
    }.items():
        env.write_text(f"{env.read_text()}\n{line}\n")
        assert f"http://localhost:{port} " in project.run("fab", "status").stdout
    env.write_text(env.read_text() + 'DEFAULT_FROM_EMAIL="A $HOME ${USER} <a\'b@site.test>" # ours\n')
    output = project.run("fab", "manage", PRINT.format("DEFAULT_FROM_EMAIL")).stdout
    assert output.strip() == "A $HOME ${USER} <a'b@site.test>"


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
    """An invalid line in `.env` is reported in one line before the task starts."""
    folder = shutil.copytree(default_project, tmp_path / "site")
    (folder / ".env").write_bytes(b"# Ours\n" + line + b"\n")
    variables = {name: value for name, value in project_variables.items() if name != "RUN_IN"}
    if b"RUN_IN" not in line:
        variables["RUN_IN"] = "host"
    result = Project(folder, variables).run("fab", task, check=False)
    assert result.returncode == 1
    assert reason in result.stdout
    assert "Traceback" not in result.stdout


def test_shell_variables_are_written_to_a_new_file(
    default_project: Path, project_variables, tmp_path: Path
) -> None:
    """A new `.env` contains the shell's variables; later, the shell overrides it for one command."""
    folder = shutil.copytree(default_project, tmp_path / "site")
    project = Project(folder, {**project_variables, "RUN_IN": "host"})
    output = project.run("fab", "status", WEB_PORT="8099", SECRET_KEY="it's # $mine").stdout
    assert "http://localhost:8099 " in output
    content = (folder / ".env").read_text()
    assert "\nRUN_IN=host\n" in content
    assert "\nWEB_PORT=8099\n" in content
    assert "\nSECRET_KEY='it\\'s # $mine'\n" in content
    assert "http://localhost:8100 " in project.run("fab", "status", WEB_PORT="8100").stdout
    assert (folder / ".env").read_text() == content


def test_debugger_can_be_disabled(project: Project, env: Path) -> None:
    """`DEBUGPY=false` disables the debugger."""
    env.write_text(env.read_text() + "DEBUGPY=false\nAUTO_START_SERVER=no\n")
    output = project.run("fab", "start").stdout
    project.run("fab", "stop")
    assert "Attach an editor" not in output
    assert "The server is not started" in output


@pytest.mark.parametrize(
    "command",
    [
        ("fab", "manage", "check"),
        ("python", "manage.py", "check"),
        ("pytest", "tests", "--numprocesses=0", "-q"),
    ],
    ids=["fab", "manage.py", "pytest"],
)
def test_settings_module_of_another_project(project: Project, command: tuple[str, ...]) -> None:
    """`DJANGO_SETTINGS_MODULE` of another project has no effect."""
    project.run(*command, DJANGO_SETTINGS_MODULE="other.settings", DEBUG="true")


def test_shell_variables_of_another_project(project: Project, tmp_path: Path) -> None:
    """Paths and modes that the shell sets for another project do not affect the site."""
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
    """A port in use on `::1` alone, where browsers look for localhost, is reported as taken."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        result = project.run("fab", "start", check=False, WEB_PORT=str(port))
    assert result.returncode == 1
    assert f"Port {port} is taken" in result.stdout


@pytest.mark.parametrize("name", [".env", ".run", "dumps"])
def test_a_failed_write_is_reported_in_one_line(project: Project, name: str) -> None:
    """If `fab` cannot write a file, it reports that in one line and leaves no other file behind."""
    project.run("python", "manage.py", "migrate", DEBUG="true")
    before = {file.name for file in project.folder.iterdir()}
    if name == ".env":
        (project.folder / name).mkdir()
    else:
        (project.folder / name).touch()
        before.add(".env")
    task = {".env": "status", ".run": "start", "dumps": "dump-db"}[name]
    result = project.run("fab", task, check=False)
    assert result.returncode == 1
    assert name in result.stdout.splitlines()[-1]
    assert "Traceback" not in result.stdout
    assert {file.name for file in project.folder.iterdir()} == before | {name}


@pytest.mark.parametrize("version", ["v24.11.1", "24.11", "lts/*", "node"])
def test_node_version_formats(project: Project, version: str) -> None:
    """`.nvmrc` may contain any numeric version; an alias is rejected in one line."""
    (project.folder / ".nvmrc").write_text(f"{version}\n")
    (project.folder / ".venv").unlink()
    output = project.run(
        "python", "-c", "from fabfile.run import has_node; print(has_node())", check=False
    ).stdout
    if "24" in version:
        assert output.strip() in {"True", "False"}
    else:
        assert f".nvmrc contains '{version}'" in output


def test_virtualenv_of_another_folder(project: Project) -> None:
    """If the project was moved or its Python is gone, tasks say to run `fab setup`."""
    environment = (project.folder / ".venv").resolve()
    (project.folder / ".venv").unlink()
    shutil.copytree(environment / "bin", project.folder / ".venv" / "bin", symlinks=True)
    for _ in ("moved", "dangling"):
        result = project.run("fab", "manage", "check", check=False)
        assert result.returncode == 1
        assert "Type: fab setup" in result.stdout
        python = project.folder / ".venv" / "bin" / "python"
        python.unlink()
        python.symlink_to("/nonexistent")
