"""The development container: `fab build && fab start`, and a day's work."""

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
from tests.docker.conftest import ports
from tests.docker.engine import docker
from tests.production import wait_until

# A user other than root, if a test can choose.
DEVELOPER = os.getuid() or 1000
# The first user of a Mac, whose group has a name in the image.
OTHER = (os.getuid(), os.getgid()) if os.getuid() else (501, 20)
# Only root can act as other users. tests/docker/test_ci.py acts as the user 1000.
USERS = {"this user": OTHER} if os.getuid() else {"macOS": OTHER, "root": (0, 0)}


@pytest.mark.parametrize(("uid", "gid"), USERS.values(), ids=USERS)
def test_files_belong_to_the_caller(checkout, uid: int, gid: int) -> None:
    """Every task that writes leaves files that belong to the caller, whatever their UID."""
    made = checkout(uid=uid, gid=gid)
    made.fab("build", "start")
    made.fab("manage", "makemigrations accounts --empty --name nothing")
    made.fab("startapp", "news")
    made.fab("assets", "format")
    made.fab("test", "-k", "robots")
    made.fab("lock")
    made.fab("stop")
    for name in (
        "apps/news/models.py",
        "static/dist/css/main.css",
    ):
        assert (made.folder / name).exists()
    assert list(made.folder.glob("apps/accounts/migrations/*_nothing.py"))
    assert made.strangers() == []


def test_first_and_second_start(checkout, node_server: NodeServer) -> None:
    """Without a ~/.nvm the first start brings nvm and Node into it; the second downloads nothing."""
    made = checkout()
    before = len(node_server.requests)
    made.fab("build", "start")
    assert made.shows("/", "</html>")
    assert made.shows("/static/dist/css/main.css", "{")
    assert "/nvm.sh" in node_server.requests[before:]
    assert (made.home / ".nvm/versions/node" / node_server.version).is_dir()
    before = len(node_server.requests)
    made.fab("stop", "start")
    made.compose("up", "--detach", "--force-recreate", "web")
    wait_until(lambda: made.shows("/static/dist/css/main.css", "{"), 60)
    assert node_server.requests[before:] == []
    assert made.strangers() == []


def test_stop(started: Checkout) -> None:
    """The container ends by itself before Docker would kill it, and well: exit code 0."""
    web = started.web
    started.compose("stop", "web")
    assert web.inspect("{{.State.ExitCode}}") == "0"


def test_node_of_another_platform(checkout, node_server: NodeServer) -> None:
    """A Node in ~/.nvm that cannot run here, as a Mac's, stays as it is; the container brings its own."""
    made = checkout()
    foreign = made.home / f".nvm/versions/node/{node_server.version}/bin/node"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(bytes.fromhex("cffaedfe0c000001") + bytes(100))
    foreign.chmod(0o755)
    before = foreign.read_bytes()
    made.fab("build", "start")
    assert made.exec("node", "--version") == node_server.version
    assert foreign.read_bytes() == before
    assert [path.name for path in foreign.parent.iterdir()] == ["node"]


def test_node_that_is_there(checkout, node_server: NodeServer) -> None:
    """A ~/.nvm that has this Node is used, and nothing is downloaded."""
    made = checkout()
    node = made.home / ".nvm/versions/node" / node_server.version
    shutil.copytree(node_server.folder / "unpacked", node, symlinks=True)
    shutil.copy(node_server.folder / "nvm.sh", made.home / ".nvm")
    before = len(node_server.requests)
    made.fab("build", "start")
    assert made.exec("node", "--version") == node_server.version
    assert node_server.requests[before:] == []


def test_nvm_folder_of_root(checkout, node_server: NodeServer) -> None:
    """A ~/.nvm that Docker made, owned by root, is left alone: Node comes into the container."""
    made = checkout(uid=DEVELOPER, gid=DEVELOPER)
    (made.home / ".nvm").rmdir()
    docker("run", "--rm", f"--volume={made.home}/.nvm:/nvm", "python:3.14-slim", "true")
    assert (made.home / ".nvm").stat().st_uid == 0
    made.fab("build", "start")
    assert made.exec("node", "--version") == node_server.version
    assert list((made.home / ".nvm").iterdir()) == []


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
def test_node_of_the_image(checkout, variables: dict[str, str]) -> None:
    """If nvm is not the pinned version, or it or Node cannot be downloaded, the image's Node is used."""
    made = checkout()
    made.set_env(**variables)
    made.fab("build", "start")
    assert "using the image's Node, v24." in made.web.logs()
    assert made.shows("/static/dist/css/main.css", "{")
    assert "NVM_SHA256" not in variables or not (made.home / ".nvm/nvm.sh").exists()
    assert made.exec("readlink", "/home/app/.local/node") == "/opt/node"
    assert made.strangers() == []


def test_edits_are_visible(started: Checkout) -> None:
    """Edits of Python, a template, SCSS and JavaScript are visible over HTTP, without any command."""
    started.edit("apps/core/urls.py", "urlpatterns = [", MARK_VIEW + "urlpatterns = [path('mark/', mark), ")
    seconds = {"Python": until(started, "/mark/", "edited python")}
    started.edit("templates/base.html", "</body>", "edited-template</body>")
    seconds["template"] = until(started, "/", "edited-template")
    append(started, "assets/scss/main.scss", ".edited-style { color: red; }\n")
    seconds["SCSS"] = until(started, "/static/dist/css/main.css", ".edited-style")
    append(started, "assets/js/main.js", "window.editedScript = true;\n")
    seconds["JavaScript"] = until(started, "/static/dist/js/main.js", "editedScript")
    # `pytest -rP` shows it; two seconds are the aim, which a busy machine may miss.
    print({kind: round(taken, 2) for kind, taken in seconds.items()})


def until(made: Checkout, path: str, text: str) -> float:
    """Wait until a page shows the text; return how many seconds it took."""
    start = time.monotonic()
    wait_until(lambda: made.shows(path, text), 30, f"{text!r} in {path}")
    return time.monotonic() - start


MARK_VIEW = """
from django.http import HttpResponse
from django.urls import path


def mark(request):
    return HttpResponse("edited python")


"""


def append(made: Checkout, name: str, text: str) -> None:
    """Add text to a file's end."""
    with (made.folder / name).open("a") as file:
        file.write(text)


def test_syntax_error(started: Checkout) -> None:
    """A syntax error leaves the container up, also over a restart, and fixing it brings the site back."""
    started_at = started.web.inspect("{{.State.StartedAt}}")
    for name in ("apps/core/views.py", "config/settings.py", "apps/accounts/models.py"):
        file = started.folder / name
        right = file.read_text()
        errors = started.web.logs().count("SyntaxError")
        append(started, name, "\ndef broken(:\n")
        wait_until(lambda: started.web.logs().count("SyntaxError") > errors, 30)  # noqa: B023
        # As quick as a person can be, not as a program.
        time.sleep(1.5)
        file.write_text(right)
        wait_until(lambda: started.shows("/", "</html>"), 60, f"the site after an error in {name}")
    assert started.web.inspect("{{.State.StartedAt}}") == started_at
    append(started, name, "\ndef broken(:\n")
    started.compose("restart", "web")
    time.sleep(4)
    assert started.web.is_running
    file.write_text(right)
    wait_until(lambda: started.shows("/", "</html>"), 60)


def test_error_in_a_style(started: Checkout) -> None:
    """An error in SCSS leaves the last good stylesheet and the pages; fixing it builds again."""
    right = (started.folder / "assets/scss/main.scss").read_text()
    append(started, "assets/scss/main.scss", ".broken {\n")
    time.sleep(2)
    assert started.shows("/", "</html>")
    (started.folder / "assets/scss/main.scss").write_text(right + ".fixed { color: red; }\n")
    wait_until(lambda: started.shows("/static/dist/css/main.css", ".fixed"), 30)


def test_watcher_dies(started: Checkout) -> None:
    """An asset watcher that is killed is started again; so is a server."""
    kill(started, "build.js")
    time.sleep(1)
    append(started, "assets/scss/main.scss", ".after-death { color: red; }\n")
    wait_until(lambda: started.shows("/static/dist/css/main.css", ".after-death"), 60)
    kill(started, "runserver")
    wait_until(lambda: started.shows("/", "</html>"), 60)
    # Orphaned processes are gone, too.
    states = started.exec("sh", "-c", "cat /proc/[0-9]*/stat | sed 's/.*) //' | cut -c1")
    assert "Z" not in states


def kill(made: Checkout, program: str) -> None:
    """Kill every process in the container that was started with this word."""
    found = f"grep --text --files-with-matches {program} /proc/[0-9]*/cmdline | cut -d/ -f3 | grep -vw $$"
    made.exec("sh", "-c", f"kill -9 $({found}); true")


@pytest.mark.parametrize("value", ["false", None])
def test_auto_start_server(checkout, value: str | None) -> None:
    """With AUTO_START_SERVER=false the container awaits commands (`fab sh`); else the site starts."""
    made = checkout()
    made.set_env(AUTO_START_SERVER=value)
    made.fab("build", "start")
    if value:
        time.sleep(5)
    assert made.web.is_running
    assert made.shows("/", "</html>") == (value is None)
    assert "uid-is-" in made.fab("sh", input="echo uid-is-$(id -u)\nexit\n")
    assert made.exec("python", "-c", "import django; print(django.VERSION[0])") == "6"
    wait_until(lambda: (made.folder / "static/dist/css/main.css").exists(), 60)


def test_changed_locks(started: Checkout) -> None:
    """After a lock has changed `fab start` brings the new packages, and back again; the database survives."""
    started.exec("python", "manage.py", "shell", "--command", MAKE_USER)
    names = ("pyproject.toml", "poetry.lock", "package.json", "package-lock.json")
    before = {name: (started.folder / name).read_bytes() for name in names}
    started.exec("poetry", "add", "--lock", "humanize")
    started.exec("npm", "install", "--package-lock-only", "--save-dev", "is-odd")
    python, node = (
        ("python", "-c", "import humanize"),
        ("node", "-e", "import('is-odd').catch(() => process.exit(1))"),
    )
    for module in (python, node):
        with pytest.raises(AssertionError):
            started.exec(*module)
    started.fab("start")
    for module in (python, node):
        wait_until(lambda module=module: succeeds(started, *module), 90)
    for name, content in before.items():
        (started.folder / name).write_bytes(content)
    started.fab("start")
    for module in (python, node):
        wait_until(lambda module=module: not succeeds(started, *module), 90)
    assert started.shows("/", "</html>")
    count = "from apps.accounts.models import User; print(User.objects.count())"
    assert started.exec("python", "manage.py", "shell", "--command", count).endswith("1")


MAKE_USER = "from apps.accounts.models import User; User.objects.create_user('kept@example.org')"


def succeeds(made: Checkout, *words: str) -> bool:
    """Whether a command in the container succeeds."""
    result = made.run("docker", "compose", "exec", "--no-TTY", "web", *words, check=False)
    return result.returncode == 0


def test_two_checkouts(default_ports: None, checkout) -> None:
    """Two checkouts of one project run side by side, each with its ports, containers and database."""
    first, second = checkout("one", with_ports=False), None
    first.fab("build", "start")
    second = checkout("two", with_ports=False)
    second.fab("build", "start")
    assert first.env("WEB_PORT") != second.env("WEB_PORT")
    assert first.env("COMPOSE_PROJECT_NAME") != second.env("COMPOSE_PROJECT_NAME")
    second.exec("python", "manage.py", "shell", "--command", MAKE_USER)
    count = "from apps.accounts.models import User; print(User.objects.count())"
    assert first.exec("python", "manage.py", "shell", "--command", count).endswith("0")
    second.fab("stop")
    assert first.shows("/", "</html>")


def test_mail_is_caught(started: Checkout) -> None:
    """A mail that the site sends is in the mail service's list."""
    send = "from django.core.mail import send_mail; send_mail('Hello', 'Text', None, ['reader@example.org'])"
    started.exec("python", "manage.py", "shell", "--command", send)
    listed = engine.ask("127.0.0.1", int(started.env("MAIL_PORT")), "/api/v1/messages")
    assert "reader@example.org" in listed.body


def test_env_is_read_in_the_container(started: Checkout, valkey: None) -> None:
    """What .env says holds in the container: a profile's cache, another database's URL, a `$` in a secret."""
    assert "cache" not in started.get("/readyz").body
    url = "postgres://app:app@db:5432/postgres?application_name=ours"
    values = {"CACHE_URL": "redis://cache:6379/0 # ours", "DATABASE_URL": f'"{url}"'}
    secret = "$HOME-${PATH}-" + "0123456789" * 5
    started.set_env(COMPOSE_PROFILES="cache", SECRET_KEY=secret, **values)
    started.fab("start")
    assert '"cache": "ok"' in started.get("/readyz").body
    show = "from django.conf import settings as s; print(s.SECRET_KEY, s.DATABASES['default']['NAME'])"
    assert started.fab("manage", f'shell -v0 -c "{show}"').strip().endswith(f"{secret} postgres")
    started.fab("dump-db", "--to", "all.dump")
    assert (started.folder / "all.dump").read_bytes().startswith(b"PGDMP")


def test_variables_of_the_shell_reach_the_container(started: Checkout) -> None:
    """A variable that the site or Django reads counts in the container too when it is set for one task."""
    person = {"EMAIL": "admin@site.test", "PASSWORD": "correct horse $battery"}
    started.variables |= {f"DJANGO_SUPERUSER_{name}": value for name, value in person.items()}
    started.variables |= {"LOG_LEVEL": "error", "DJANGO_SETTINGS_MODULE": "other.settings"}
    started.fab("manage", "createsuperuser --noinput")
    show = "from django.conf import settings as s; print(s.LOGGING['root']['level'])"
    assert started.fab("manage", f'shell -v0 -c "{show}"').strip().endswith("ERROR")


def test_compose_needs_no_env(default_project: Path, tmp_path: Path) -> None:
    """Without .env, or with .env.example as .env, Compose still reads its file.

    That is development, at ports of this machine alone, and Docker does not make ~/.nvm.
    """
    folder = shutil.copytree(default_project, tmp_path / "site")
    assert not (folder / ".env").exists()
    for _ in range(2):
        read = docker("compose", "--project-directory", folder, "config", "--format", "json")
        assert '"target": "development"' in read
        assert read.count('"host_ip": "127.0.0.1"') == read.count('"published"') == 3
        volumes = json.loads(read)["services"]["web"]["volumes"]
        assert [volume["type"] for volume in volumes] == ["bind", "volume"]
        shutil.copy(folder / ".env.example", folder / ".env")


def test_compose_alone_as_another_user(checkout, build_options: tuple[str, ...]) -> None:
    """Without .env, `docker compose up` says in one line which UID it needs, and makes no ~/.nvm."""
    uid, gid = OTHER
    made = checkout(uid=uid, gid=gid)
    (made.folder / ".env").unlink()
    (made.home / ".nvm").rmdir()
    made.variables |= {"COMPOSE_PROJECT_NAME": f"alone-{uuid.uuid4().hex[:8]}", **ports()}
    made.variables |= dict(option.split("=", 1) for option in build_options[1:])
    # Of the user 1000 the tests of CI have built an image.
    made.variables |= dict.fromkeys(["UID", "GID"], "4321" if uid == 1000 else "1000")
    refused = made.run("docker", "compose", "up", "--build", "--exit-code-from=web", check=False, timeout=400)
    assert refused.returncode == 1
    assert f"env UID={uid} GID={gid} docker compose up --build" in refused.stdout
    made.variables |= {"UID": str(uid), "GID": str(gid)}
    made.compose("up", "--build", "--detach", timeout=400)
    port = int(made.variables["WEB_PORT"])

    def serves() -> bool:
        try:
            return engine.ask("127.0.0.1", port, "/", Host="localhost").status == 200
        except OSError:
            return False

    wait_until(serves, 120)
    assert not (made.home / ".nvm").exists()
    assert made.strangers() == []


def test_a_service_that_does_not_start(started: Checkout) -> None:
    """If a service exits at once, `fab start` shows the end of its log, and where to read more."""
    started.fab("stop")
    change = "echo 17 > $(find /var/lib/postgresql -name PG_VERSION | sort | head -n 1)"
    started.compose("run", "--rm", "--no-deps", "--entrypoint=sh", "db", "-c", change)
    refused = started.run("fab", "start", check=False)
    assert refused.returncode == 1
    assert "initialized by PostgreSQL version 17" in refused.stdout
    assert refused.stdout.strip().endswith("See docs/troubleshooting.md")
    long = "services: {db: {entrypoint: [sh, -c, 'echo The cause; seq 20; exit 1']}}"
    (started.folder / "docker-compose.override.yml").write_text(long)
    for task in ("start", "migrate"):
        refused = started.run("fab", task, check=False)
        assert refused.returncode == 1
        assert "The cause" in refused.stdout
        assert refused.stdout.strip().endswith("See docs/troubleshooting.md")


def test_two_runs_of_the_tests_at_once(started: Checkout) -> None:
    """Two runs of the tests on PostgreSQL at once do not disturb each other."""
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(started.fab, "test", "-k", "health or robots") for _ in range(2)]
        assert all(" passed" in run.result() for run in runs)
