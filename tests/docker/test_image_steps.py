"""The fifteen steps in docs/docker.md, checked on the image or its history."""

import re
import shutil
from pathlib import Path

import pytest

from tests.docker.engine import build, docker, read_config, run, run_in_image


@pytest.fixture(scope="module")
def history(production: str) -> list[str]:
    """Return the commands that built the production image, the first one first."""
    lines = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", production).splitlines()
    return lines[::-1]


def find_line(lines: list[str], pattern: str) -> int:
    """Return the index of the only line that matches."""
    (index,) = [number for number, line in enumerate(lines) if re.search(pattern, line)]
    return index


def test_01_exposes_port_8000(production: str) -> None:
    """The image exposes only port 8000."""
    assert list(read_config(production)["ExposedPorts"]) == ["8000/tcp"]


@pytest.mark.parametrize("name", ["production", "dependencies", "development"])
def test_02_declares_the_environment(stage, name: str) -> None:
    """Every stage sets the same variables for Python and Poetry."""
    variables = dict(line.split("=", 1) for line in read_config(stage(name))["Env"])
    assert variables["PYTHONUNBUFFERED"] == variables["PYTHONDONTWRITEBYTECODE"] == "1"
    assert variables["POETRY_NO_INTERACTION"] == "1"
    assert variables["POETRY_VIRTUALENVS_CREATE"] == "false"
    assert variables["VIRTUAL_ENV"] == "/opt/venv"
    assert "/opt/venv/bin" in variables["PATH"].split(":")
    assert not {"DEBUG", "SECRET_KEY", "DATABASE_URL", "BUILDING"} & set(variables)


def test_03_has_the_user_app(production: str) -> None:
    """The user app has the UID 1000 and the home folder /home/app."""
    assert run_in_image(production, "getent passwd app | cut -d: -f1,3,6") == "app:1000:/home/app"
    assert run_in_image(production, "id -u; id -gn; echo $HOME").split() == ["1000", "app", "/home/app"]


def test_04_only_root_and_app_can_write_to_app(production: str) -> None:
    """/app belongs to app, and only root and app can write to it."""
    assert run_in_image(production, "stat -c '%U:%G %a' /app") == "app:app 755"
    assert run_in_image(production, "find /app /opt/venv -perm /022 -not -type l") == ""
    assert run_in_image(production, "touch /app/x && echo done") == "done"
    other = run_in_image(
        production, "touch /app/x /app/config/settings.py 2>&1 || echo refused", "--user=12345:12345"
    )
    assert other.count("Permission denied") == 2
    assert other.endswith("refused")
    assert run_in_image(production, "touch /app/x && echo done", "--user=0") == "done"


def test_04_packages_belong_to_root(production: str) -> None:
    """The virtual environment belongs to root, so the site cannot change its packages."""
    assert run_in_image(production, "find /opt/venv -not -user root -o -not -group root") == ""


def test_05_working_directory_is_app(production: str) -> None:
    """The image's working directory is /app."""
    assert read_config(production)["WorkingDir"] == "/app"


def test_06_runs_as_app(production: str, history: list[str]) -> None:
    """The image runs as app, as does every build step after the user is created."""
    assert read_config(production)["User"] == "app"
    user = find_line(history, "^USER")
    assert history[user] == "USER app"
    assert user < find_line(history, "EXPOSE") + 6
    assert find_line(history, "useradd") < user < find_line(history, "/home/app/static")


def test_07_sets_pipefail(production: str, stage) -> None:
    """If a command in a pipe fails, the build step fails."""
    for image in (production, stage("application")):
        assert read_config(image)["Shell"] == ["/bin/bash", "-o", "pipefail", "-c"]
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", stage("application"))
    assert re.search(r"-o pipefail .*collectstatic", history)


@pytest.mark.parametrize("name", ["dependencies", "development"])
def test_08_poetry_belongs_to_app(stage, name: str) -> None:
    """Poetry, with the plugin for mirrors, is installed in /home/app and belongs to app."""
    script = "readlink -f $(command -v poetry); stat -c %U $(command -v poetry); poetry self show plugins"
    path, owner, *plugins = run_in_image(stage(name), script).splitlines()
    assert path.startswith("/home/app/")
    assert owner == "app"
    assert "poetry-plugin-pypi-mirror" in "".join(plugins)


def test_09_copies_the_lock_before_the_code(stage) -> None:
    """Packages are installed from pyproject.toml and poetry.lock, before the code is copied."""
    lines = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", stage("dependencies")).splitlines()[
        ::-1
    ]
    assert find_line(lines, r"COPY .*pyproject\.toml poetry\.lock") < find_line(lines, "poetry install")
    assert run_in_image(stage("dependencies"), "ls /app").split() == ["poetry.lock", "pyproject.toml"]


def test_10_installs_the_main_group(production: str, project) -> None:
    """The image has exactly the packages of the lock's main group, in the locked versions."""
    import tomllib

    lock = tomllib.loads((project / "poetry.lock").read_text())["package"]
    main = {package["name"]: package["version"] for package in lock if "main" in package["groups"]}
    script = (
        "import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions(path=['{}'])]"
    )
    folder = run_in_image(production, "echo /opt/venv/lib/python*/site-packages")
    output = docker("run", "--rm", production, "python", "-c", script.format(folder))
    installed = dict(line.lower().replace("_", "-").split() for line in output.splitlines())
    for package in lock:
        name = package["name"]
        if name in main and name not in installed:
            # Only packages for other platforms or older Pythons may be missing.
            assert "markers" in package, name
    assert {name: main.get(name) for name in installed} == installed
    assert {"django", "gunicorn", "psycopg"} <= set(installed)


def test_10_path_dependency(
    project: Path, build_options, project_variables: dict[str, str], tmp_path: Path, tag
) -> None:
    """A path dependency that is not in the image fails the build in one line; a COPY line adds it."""
    ignored = shutil.ignore_patterns(".env")
    folder = shutil.copytree(project, tmp_path / "site", symlinks=True, ignore=ignored)
    source = folder / "libs" / "greet" / "src" / "greet" / "__init__.py"
    source.parent.mkdir(parents=True)
    source.write_text("HELLO = 'Hello'\n")
    (folder / "libs" / "greet" / "pyproject.toml").write_text(
        '[project]\nname = "greet"\nversion = "1"\nrequires-python = ">=3.12"\n'
    )
    pyproject = folder / "pyproject.toml"
    text = pyproject.read_text().replace("dependencies = [\n", 'dependencies = [\n    "greet",\n', 1)
    by_path = '[tool.poetry.dependencies]\ngreet = { path = "libs/greet", develop = true }\n'
    pyproject.write_text(f"{text}\n{by_path}")
    run("python3", "fabfile/poetry.py", "lock", cwd=folder, env=project_variables)
    options = ("--target=development", *build_options)
    result = run("docker", "build", "--progress=plain", *options, folder, check=False, timeout=600)
    assert result.returncode != 0
    assert "The image lacks libs/greet, a package in poetry.lock: docs/troubleshooting.md" in result.stdout
    dockerfile = folder / "Dockerfile"
    copy_line = "COPY --chown=app pyproject.toml poetry.lock ./\n"
    dockerfile.write_text(
        dockerfile.read_text().replace(copy_line, f"{copy_line}COPY --chown=app libs libs\n", 1)
    )
    name = tag()
    build(folder, name, *options)
    assert run_in_image(name, "python -c 'import greet; print(greet.HELLO)'") == "Hello"


def test_10_development_has_the_development_group(stage) -> None:
    """The development stage has pytest and ruff; production does not."""
    assert run_in_image(stage("development"), "pytest --version && ruff --version")


def test_11_copies_the_application(production: str) -> None:
    """The application is in /app."""
    expected = "apps bash config manage.py static staticfiles templates"
    assert run_in_image(production, "ls /app").split() == expected.split()


def test_12_app_can_execute_the_run_script(production: str) -> None:
    """The user app can execute /app/bash/run.sh."""
    assert run_in_image(production, "test -x /app/bash/run.sh && stat -c %U /app/bash/run.sh") == "app"


def test_13_takes_the_assets_from_staticassets(production: str, stage) -> None:
    """The image's CSS and JavaScript are those of the stage staticassets."""
    script = "cd /app/static/dist && find . -type f | sort | xargs sha256sum"
    compiled = run_in_image(stage("staticassets"), script)
    assert "./css/main.css" in compiled
    assert "./js/main.js" in compiled
    assert run_in_image(production, script) == compiled


def test_14_collects_hashed_static_files(production: str) -> None:
    """Static files are collected, with a hash in their names and compressed."""
    paths = run_in_image(production, "find /app/staticfiles -type f").splitlines()
    for pattern in (
        r"dist/css/main\.[0-9a-f]{12}\.css",
        r"dist/js/main\.[0-9a-f]{12}\.js",
        r"admin/css/base\.[0-9a-f]{12}\.css",
    ):
        for suffix in ("", r"\.gz", r"\.br"):
            assert any(re.search(f"/{pattern}{suffix}$", path) for path in paths), pattern + suffix
    assert "/app/staticfiles/staticfiles.json" in paths


def test_14_missing_static_file_fails_the_build(project: Path, build_options, tmp_path: Path) -> None:
    """A template that refers to a missing static file fails the build, with its line."""
    folder = shutil.copytree(project, tmp_path / "site", symlinks=True)
    page = folder / "templates" / "404.html"
    page.write_text(page.read_text() + '{% load static %}\n{% static "images/gone.svg" %}\n')
    line = len(page.read_text().splitlines())
    result = run("docker", "build", "--progress=plain", *build_options, folder, check=False, timeout=600)
    assert result.returncode != 0
    problems = [text for text in result.stdout.splitlines() if f"templates/404.html:{line}: " in text]
    assert problems
    assert "'images/gone.svg'" in problems[0]


def test_15_starts_with_run_sh(production: str) -> None:
    """The image's command is /app/bash/run.sh, without a shell around it."""
    assert read_config(production)["Cmd"] == ["/app/bash/run.sh"]
    assert not read_config(production).get("Entrypoint")
