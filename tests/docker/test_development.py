"""The development container: `fab build && fab start`, and daily work."""

import json
import os
import shutil
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.docker import engine
from tests.docker.checkout import Checkout, NodeServer
from tests.docker.conftest import find_free_ports
from tests.docker.engine import docker
from tests.production import wait_until

# A user other than root, if the tests run as root.
DEVELOPER = os.getuid() or 1000
# The first user on macOS, whose GID is also a group in the image.
OTHER = (os.getuid(), os.getgid()) if os.getuid() else (501, 20)
# Only root can act as other users. tests/docker/test_ci.py acts as the user 1000.
USERS = {"this user": OTHER} if os.getuid() else {"macOS": OTHER, "root": (0, 0)}


@pytest.mark.parametrize(("uid", "gid"), USERS.values(), ids=USERS)
def test_files_belong_to_the_caller(make_checkout, uid: int, gid: int) -> None:
    """Tasks create files that belong to the caller, whatever their UID."""
    checkout = make_checkout(uid=uid, gid=gid)
    checkout.fab("build", "start")
    checkout.fab("manage", "makemigrations accounts --empty --name nothing")
    checkout.fab("startapp", "news")
    checkout.fab("assets", "format")
    checkout.fab("test", "-k", "robots")
    checkout.fab("lock")
    checkout.fab("stop")
    for name in (
        "apps/news/models.py",
        "static/dist/css/main.css",
    ):
        assert (checkout.folder / name).exists()
    assert list(checkout.folder.glob("apps/accounts/migrations/*_nothing.py"))
    assert checkout.find_foreign_files() == []


def test_first_and_second_start(make_checkout, node_server: NodeServer) -> None:
    """Without ~/.nvm the first start installs nvm and Node there; the second downloads nothing."""
    checkout = make_checkout()
    before = len(node_server.requests)
    checkout.fab("build", "start")
    assert checkout.shows("/", "</html>")
    assert checkout.shows("/static/dist/css/main.css", "{")
    assert "/nvm.sh" in node_server.requests[before:]
    assert (checkout.home / ".nvm/versions/node" / node_server.version).is_dir()
    before = len(node_server.requests)
    checkout.fab("stop", "start")
    checkout.compose("up", "--detach", "--force-recreate", "web")
    wait_until(lambda: checkout.shows("/static/dist/css/main.css", "{"), 60)
    assert node_server.requests[before:] == []
    assert checkout.find_foreign_files() == []


def test_stop(checkout: Checkout) -> None:
    """The development container stops before Docker would kill it, with exit code 0."""
    web = checkout.web
    checkout.compose("stop", "web")
    assert web.inspect("{{.State.ExitCode}}") == "0"


def test_node_for_another_platform(make_checkout, node_server: NodeServer) -> None:
    """A Node for another platform in ~/.nvm, such as a Mac's, is left alone; the container has its own."""
    checkout = make_checkout()
    node = checkout.home / f".nvm/versions/node/{node_server.version}/bin/node"
    node.parent.mkdir(parents=True)
    node.write_bytes(bytes.fromhex("cffaedfe0c000001") + bytes(100))
    node.chmod(0o755)
    before = node.read_bytes()
    checkout.fab("build", "start")
    assert checkout.exec("node", "--version") == node_server.version
    assert node.read_bytes() == before
    assert [path.name for path in node.parent.iterdir()] == ["node"]


def test_existing_node(make_checkout, node_server: NodeServer) -> None:
    """A matching Node in ~/.nvm is used, and nothing is downloaded."""
    checkout = make_checkout()
    node = checkout.home / ".nvm/versions/node" / node_server.version
    shutil.copytree(node_server.folder / "unpacked", node, symlinks=True)
    shutil.copy(node_server.folder / "nvm.sh", checkout.home / ".nvm")
    before = len(node_server.requests)
    checkout.fab("build", "start")
    assert checkout.exec("node", "--version") == node_server.version
    assert node_server.requests[before:] == []


def test_nvm_folder_of_root(make_checkout, node_server: NodeServer) -> None:
    """A ~/.nvm that Docker created for root is left alone; Node is installed in the container."""
    checkout = make_checkout(uid=DEVELOPER, gid=DEVELOPER)
    (checkout.home / ".nvm").rmdir()
    docker("run", "--rm", f"--volume={checkout.home}/.nvm:/nvm", "python:3.14-slim", "true")
    assert (checkout.home / ".nvm").stat().st_uid == 0
    checkout.fab("build", "start")
    assert checkout.exec("node", "--version") == node_server.version
    assert list((checkout.home / ".nvm").iterdir()) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"NVM_SHA256": "0" * 64},
        {"NVM_URL": "http://127.0.0.1:9/nvm.sh"},
        {"NVM_NODEJS_ORG_MIRROR": "http://127.0.0.1"},
        {"NVM_NODEJS_ORG_MIRROR": "http://mirror.test:8080/node"},
    ],
    ids=["another nvm", "no nvm", "no Node", "a mirror that nvm refuses"],
)
def test_image_provides_node(make_checkout, variables: dict[str, str]) -> None:
    """If nvm's checksum differs, or nvm or Node cannot be downloaded, the image's Node is used."""
    checkout = make_checkout()
    checkout.set_env(**variables)
    checkout.fab("build", "start")
    assert "using the image's Node, v24." in checkout.web.logs()
    assert checkout.shows("/static/dist/css/main.css", "{")
    assert "NVM_SHA256" not in variables or not (checkout.home / ".nvm/nvm.sh").exists()
    assert checkout.exec("readlink", "/home/app/.local/node") == "/opt/node"
    assert checkout.find_foreign_files() == []


def test_edits_are_served(checkout: Checkout) -> None:
    """Edits of Python, a template, SCSS and JavaScript are served without any command."""
    checkout.edit("apps/core/urls.py", "urlpatterns = [", MARK_VIEW + "urlpatterns = [path('mark/', mark), ")
    seconds = {"Python": measure_delay(checkout, "/mark/", "edited python")}
    checkout.edit("templates/base.html", "</body>", "edited-template</body>")
    seconds["template"] = measure_delay(checkout, "/", "edited-template")
    append(checkout, "assets/scss/main.scss", ".edited-style { color: red; }\n")
    seconds["SCSS"] = measure_delay(checkout, "/static/dist/css/main.css", ".edited-style")
    append(checkout, "assets/js/main.js", "window.editedScript = true;\n")
    seconds["JavaScript"] = measure_delay(checkout, "/static/dist/js/main.js", "editedScript")
    # `pytest -rP` shows it. The goal is two seconds, which a busy machine may exceed.
    print({kind: round(delay, 2) for kind, delay in seconds.items()})


def measure_delay(checkout: Checkout, path: str, text: str) -> float:
    """Wait until a page contains the text; return the time in seconds."""
    start = time.monotonic()
    wait_until(lambda: checkout.shows(path, text), 30, f"{text!r} in {path}")
    return time.monotonic() - start


MARK_VIEW = """
from django.http import HttpResponse
from django.urls import path


def mark(request):
    return HttpResponse("edited python")


"""


def append(checkout: Checkout, name: str, text: str) -> None:
    """Append text to a file."""
    with (checkout.folder / name).open("a") as file:
        file.write(text)


def test_syntax_error(checkout: Checkout) -> None:
    """With a syntax error the container keeps running, even after a restart; the fix restores the site."""
    started_at = checkout.web.inspect("{{.State.StartedAt}}")
    for name in ("apps/core/views.py", "config/settings.py", "apps/accounts/models.py"):
        file = checkout.folder / name
        original = file.read_text()
        errors = checkout.web.logs().count("SyntaxError")
        append(checkout, name, "\ndef broken(:\n")
        wait_until(lambda: checkout.web.logs().count("SyntaxError") > errors, 30)  # noqa: B023
        # A person is slower than a program.
        time.sleep(1.5)
        file.write_text(original)
        wait_until(lambda: checkout.shows("/", "</html>"), 60, f"the site after an error in {name}")
    assert checkout.web.inspect("{{.State.StartedAt}}") == started_at
    append(checkout, name, "\ndef broken(:\n")
    checkout.compose("restart", "web")
    time.sleep(4)
    assert checkout.web.is_running
    file.write_text(original)
    wait_until(lambda: checkout.shows("/", "</html>"), 60)


def test_error_in_scss(checkout: Checkout) -> None:
    """With an error in SCSS the last stylesheet stays; the fix rebuilds it."""
    original = (checkout.folder / "assets/scss/main.scss").read_text()
    append(checkout, "assets/scss/main.scss", ".broken {\n")
    time.sleep(2)
    assert checkout.shows("/", "</html>")
    (checkout.folder / "assets/scss/main.scss").write_text(original + ".fixed { color: red; }\n")
    wait_until(lambda: checkout.shows("/static/dist/css/main.css", ".fixed"), 30)


def test_killed_processes_are_restarted(checkout: Checkout) -> None:
    """If the asset watcher or the server is killed, it is restarted."""
    kill(checkout, "build.js")
    time.sleep(1)
    append(checkout, "assets/scss/main.scss", ".after-death { color: red; }\n")
    wait_until(lambda: checkout.shows("/static/dist/css/main.css", ".after-death"), 60)
    kill(checkout, "runserver")
    wait_until(lambda: checkout.shows("/", "</html>"), 60)
    # No zombie processes are left.
    states = checkout.exec("sh", "-c", "cat /proc/[0-9]*/stat | sed 's/.*) //' | cut -c1")
    assert "Z" not in states


def kill(checkout: Checkout, program: str) -> None:
    """Kill the processes in the container whose command contains this word."""
    pids = f"grep --text --files-with-matches {program} /proc/[0-9]*/cmdline | cut -d/ -f3 | grep -vw $$"
    checkout.exec("sh", "-c", f"kill -9 $({pids}); true")


@pytest.mark.parametrize("value", ["false", None])
def test_auto_start_server(make_checkout, value: str | None) -> None:
    """With AUTO_START_SERVER=false the container only waits for commands; else the site starts."""
    checkout = make_checkout()
    checkout.set_env(AUTO_START_SERVER=value)
    checkout.fab("build", "start")
    if value:
        time.sleep(5)
    assert checkout.web.is_running
    assert checkout.shows("/", "</html>") == (value is None)
    assert "uid-is-" in checkout.fab("sh", input="echo uid-is-$(id -u)\nexit\n")
    assert checkout.exec("python", "-c", "import django; print(django.VERSION[0])") == "6"
    wait_until(lambda: (checkout.folder / "static/dist/css/main.css").exists(), 60)


def test_changed_lock_files(checkout: Checkout) -> None:
    """After a lock file changes, `fab start` updates the packages; the database keeps its data."""
    checkout.exec("python", "manage.py", "shell", "--command", CREATE_USER)
    names = ("pyproject.toml", "poetry.lock", "package.json", "package-lock.json")
    before = {name: (checkout.folder / name).read_bytes() for name in names}
    checkout.exec("poetry", "add", "--lock", "humanize")
    checkout.exec("npm", "install", "--package-lock-only", "--save-dev", "is-odd")
    python, node = (
        ("python", "-c", "import humanize"),
        ("node", "-e", "import('is-odd').catch(() => process.exit(1))"),
    )
    for module in (python, node):
        with pytest.raises(AssertionError):
            checkout.exec(*module)
    checkout.fab("start")
    for module in (python, node):
        wait_until(lambda module=module: has_succeeded(checkout, *module), 90)
    for name, content in before.items():
        (checkout.folder / name).write_bytes(content)
    checkout.fab("start")
    for module in (python, node):
        wait_until(lambda module=module: not has_succeeded(checkout, *module), 90)
    assert checkout.shows("/", "</html>")
    count = "from apps.accounts.models import User; print(User.objects.count())"
    assert checkout.exec("python", "manage.py", "shell", "--command", count).endswith("1")


CREATE_USER = "from apps.accounts.models import User; User.objects.create_user('kept@example.org')"


def has_succeeded(checkout: Checkout, *words: str) -> bool:
    """Return whether a command in the container succeeds."""
    result = checkout.run("docker", "compose", "exec", "--no-TTY", "web", *words, check=False)
    return result.returncode == 0


def test_two_checkouts(default_ports: None, make_checkout) -> None:
    """Two checkouts of a project run side by side, each with its ports, containers and database."""
    first, second = make_checkout("one", with_ports=False), None
    first.fab("build", "start")
    second = make_checkout("two", with_ports=False)
    second.fab("build", "start")
    assert first.read_env("WEB_PORT") != second.read_env("WEB_PORT")
    assert first.read_env("COMPOSE_PROJECT_NAME") != second.read_env("COMPOSE_PROJECT_NAME")
    second.exec("python", "manage.py", "shell", "--command", CREATE_USER)
    count = "from apps.accounts.models import User; print(User.objects.count())"
    assert first.exec("python", "manage.py", "shell", "--command", count).endswith("0")
    second.fab("stop")
    assert first.shows("/", "</html>")


def test_mail_is_caught(checkout: Checkout) -> None:
    """Mail that the site sends in development is in the mail service's list."""
    send = "from django.core.mail import send_mail; send_mail('Hello', 'Text', None, ['reader@example.org'])"
    checkout.exec("python", "manage.py", "shell", "--command", send)
    messages = engine.request("127.0.0.1", int(checkout.read_env("MAIL_PORT")), "/api/v1/messages")
    assert "reader@example.org" in messages.body


def test_env_file_applies_in_the_container(checkout: Checkout, valkey: None) -> None:
    """Variables in .env apply in the container: a cache, another database, a `$` in a secret."""
    assert "cache" not in checkout.get("/readyz").body
    url = "postgres://app:app@db:5432/postgres?application_name=ours"
    values = {"CACHE_URL": "redis://cache:6379/0 # ours", "DATABASE_URL": f'"{url}"'}
    secret = "$HOME-${PATH}-" + "0123456789" * 5
    checkout.set_env(COMPOSE_PROFILES="cache", SECRET_KEY=secret, **values)
    checkout.fab("start")
    assert '"cache": "ok"' in checkout.get("/readyz").body
    show = "from django.conf import settings as s; print(s.SECRET_KEY, s.DATABASES['default']['NAME'])"
    assert checkout.fab("manage", f'shell -v0 -c "{show}"').strip().endswith(f"{secret} postgres")
    checkout.fab("dump-db", "--to", "all.dump")
    assert (checkout.folder / "all.dump").read_bytes().startswith(b"PGDMP")


def test_shell_variables_apply_in_the_container(checkout: Checkout) -> None:
    """A shell variable that the site or Django reads applies in the container, for one task."""
    user = {"EMAIL": "admin@site.test", "PASSWORD": "correct horse $battery"}
    checkout.variables |= {f"DJANGO_SUPERUSER_{name}": value for name, value in user.items()}
    checkout.variables |= {"LOG_LEVEL": "error", "DJANGO_SETTINGS_MODULE": "other.settings"}
    checkout.fab("manage", "createsuperuser --noinput")
    show = "from django.conf import settings as s; print(s.LOGGING['root']['level'])"
    assert checkout.fab("manage", f'shell -v0 -c "{show}"').strip().endswith("ERROR")


def test_compose_without_env_file(default_project: Path, tmp_path: Path) -> None:
    """Compose's file is valid without .env, and with .env.example as .env.

    It is then for development, on 127.0.0.1 only, and creates no ~/.nvm.
    """
    folder = shutil.copytree(default_project, tmp_path / "site")
    assert not (folder / ".env").exists()
    for _ in range(2):
        config = docker("compose", "--project-directory", folder, "config", "--format", "json")
        assert '"target": "development"' in config
        assert config.count('"host_ip": "127.0.0.1"') == config.count('"published"') == 3
        volumes = json.loads(config)["services"]["web"]["volumes"]
        assert [volume["type"] for volume in volumes] == ["bind", "volume"]
        shutil.copy(folder / ".env.example", folder / ".env")


def test_compose_without_env_file_as_another_user(make_checkout, build_options: tuple[str, ...]) -> None:
    """Without .env, `docker compose up` prints the command with the right UID, and creates no ~/.nvm."""
    uid, gid = OTHER
    checkout = make_checkout(uid=uid, gid=gid)
    (checkout.folder / ".env").unlink()
    (checkout.home / ".nvm").rmdir()
    checkout.variables |= {"COMPOSE_PROJECT_NAME": f"alone-{uuid.uuid4().hex[:8]}", **find_free_ports()}
    checkout.variables |= dict(option.split("=", 1) for option in build_options[1:])
    # Not 1000, for which the tests of CI have built an image.
    checkout.variables |= dict.fromkeys(["UID", "GID"], "4321" if uid == 1000 else "1000")
    result = checkout.run(
        "docker", "compose", "up", "--build", "--exit-code-from=web", check=False, timeout=400
    )
    assert result.returncode == 1
    assert f"env UID={uid} GID={gid} docker compose up --build" in result.stdout
    checkout.variables |= {"UID": str(uid), "GID": str(gid)}
    checkout.compose("up", "--build", "--detach", timeout=400)
    port = int(checkout.variables["WEB_PORT"])

    def is_serving() -> bool:
        try:
            return engine.request("127.0.0.1", port, "/", Host="localhost").status == 200
        except OSError:
            return False

    wait_until(is_serving, 120)
    assert not (checkout.home / ".nvm").exists()
    assert checkout.find_foreign_files() == []


def test_service_that_does_not_start(checkout: Checkout) -> None:
    """If a service exits, `fab start` shows the end of its log, and where to read more."""
    checkout.fab("stop")
    change = "echo 17 > $(find /var/lib/postgresql -name PG_VERSION | sort | head -n 1)"
    checkout.compose("run", "--rm", "--no-deps", "--entrypoint=sh", "db", "-c", change)
    result = checkout.run("fab", "start", check=False)
    assert result.returncode == 1
    assert "initialized by PostgreSQL version 17" in result.stdout
    assert result.stdout.strip().endswith("See docs/troubleshooting.md")
    override = "services: {db: {entrypoint: [sh, -c, 'echo The cause; seq 20; exit 1']}}"
    (checkout.folder / "docker-compose.override.yml").write_text(override)
    for task in ("start", "migrate"):
        result = checkout.run("fab", task, check=False)
        assert result.returncode == 1
        assert "The cause" in result.stdout
        assert result.stdout.strip().endswith("See docs/troubleshooting.md")


def test_concurrent_test_runs(checkout: Checkout) -> None:
    """Two concurrent test runs on PostgreSQL do not interfere."""
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(checkout.fab, "test", "-k", "health or robots") for _ in range(2)]
        assert all(" passed" in run.result() for run in runs)
