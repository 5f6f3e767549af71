"""The site on the host: start, edit, stop."""

import re
import socket
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.production import find_free_port, poll
from tests.project import Project, find_processes

Site = tuple[Project, str]


def get(url: str) -> str:
    """Return the body of the response, whatever its status, or "" if there is none."""
    try:
        with urlopen(url, timeout=10) as response:
            return response.read().decode()
    except HTTPError as error:
        return error.read().decode()
    except OSError:
        return ""


def test_first_page_stylesheet_and_health_checks(site: Site) -> None:
    """After `fab start` on SQLite, the first page, its stylesheet and both health checks respond."""
    _, url = site
    assert "My Site" in get(url)
    assert "{" in get(f"{url}/static/dist/css/main.css")
    assert get(f"{url}/healthz") == "ok"
    assert '"database": "ok"' in get(f"{url}/readyz")


def test_status_and_logs(site: Site) -> None:
    """`fab status` reports a healthy site, and `fab logs` shows its log."""
    project, url = site
    assert "all is well" in project.run("fab", "status").stdout
    get(f"{url}/?marker=4711")
    assert "Watching for file changes" in project.run("fab", "logs", "--no-follow").stdout


def test_start_is_idempotent(site: Site) -> None:
    """`fab start` is idempotent and prints the same URL again."""
    project, url = site
    pid = (project.folder / ".run" / "site.pid").read_text()
    assert url in project.run("fab", "start").stdout
    assert (project.folder / ".run" / "site.pid").read_text() == pid


@pytest.mark.parametrize(
    ("file", "old", "new", "page"),
    [
        ("apps/core/templates/core/home.html", "{% block content %}", "{% block content %}MARK", "/"),
        ("config/settings.py", '"My Site"', '"MARK"', "/"),
        ("assets/scss/main.scss", "", ".MARK { color: red; }", "/static/dist/css/main.css"),
        ("assets/js/main.js", "", 'console.log("MARK");', "/static/dist/js/main.js"),
    ],
    ids=["template", "python", "scss", "javascript"],
)
def test_an_edit_is_shown_at_once(
    site: Site, request: pytest.FixtureRequest, file: str, old: str, new: str, page: str
) -> None:
    """The next request after an edit of Python, a template, SCSS or JavaScript shows the change."""
    project, url = site
    mark = f"edited-{request.node.callspec.id}"
    path = project.folder / file
    text = path.read_text()
    new = new.replace("MARK", mark)
    path.write_text(text.replace(old, new, 1) if old else f"{text}\n{new}\n")
    assert poll(60, lambda: mark in get(url + page)), f"{mark} is not in {page}"


@pytest.mark.parametrize(
    ("file", "line", "error"),
    [
        ("views.py", "this is no Python", "SyntaxError"),
        # Raised by Django, not by the file itself.
        ("urls.py", 'urlpatterns.append(path("x/", 1))', "view must be a callable"),
    ],
    ids=["syntax", "library"],
)
def test_an_error_in_python_and_its_fix(site: Site, file: str, line: str, error: str) -> None:
    """A Python error is in the log; after the fix the site responds again without a restart."""
    project, url = site
    path = project.folder / "apps" / "core" / file
    original = path.read_text()
    path.write_text(f"{original}\n{line}\n")
    log = project.folder / ".run" / "site.log"
    assert poll(60, lambda: error in log.read_text())
    # The autoreloader records file times shortly after the failure, and misses edits before that.
    time.sleep(2)

    def is_up_after_saving() -> bool:
        path.write_text(original)
        return poll(15, lambda: get(f"{url}/healthz") == "ok")

    assert is_up_after_saving() or is_up_after_saving()


def test_stop_leaves_no_process(project: Project) -> None:
    """After `fab stop` no process is left and the port is free."""
    port = find_free_port()
    project.variables["WEB_PORT"] = str(port)
    project.run("fab", "start")
    project.run("fab", "stop")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port))
    assert find_processes(project.folder) == []
    assert "is not running" in project.run("fab", "stop").stdout


def test_a_taken_port_is_reported(project: Project) -> None:
    """A port that is in use, or set twice, is reported with a free port for each variable."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ports = {"WEB_PORT": port, "DEBUG_PORT": port}
        result = project.run("fab", "start", check=False, DEBUGPY="true", **ports)
    assert result.returncode == 1
    assert f"Port {port} is taken" in result.stdout
    free = dict(re.findall(r"(\w+_PORT)=(\d+)", result.stdout))
    assert free.keys() == ports.keys()
    assert len({port, *free.values()}) == 3


def test_a_site_that_cannot_start_is_reported(project: Project) -> None:
    """If the site cannot start, `fab start` fails at once and shows the error."""
    (project.folder / "config" / "settings.py").write_text("1 / 0\n")
    result = project.run("fab", "start", check=False, WEB_PORT=str(find_free_port()))
    assert result.returncode == 1
    assert "ZeroDivisionError" in result.stdout
    project.run("fab", "stop")


def test_env_is_private_and_never_changed(project: Project) -> None:
    """`.env` is readable only by its owner and is never changed; tasks run in any folder of the project."""
    env = project.folder / ".env"
    project.folder /= "apps"
    assert "no issues" in project.run("fab", "manage", "check").stdout
    content = env.read_text()
    assert env.stat().st_mode & 0o777 == 0o600
    assert project.run("fab", "manage", "no-such-command", check=False).returncode == 1
    assert env.read_text() == content


def test_startapp_creates_an_app_that_can_be_installed(project: Project) -> None:
    """`fab startapp` creates an app that passes `fab check`, and rejects invalid names before it writes."""
    project.run("fab", "startapp", "news")
    settings = project.folder / "config" / "settings.py"
    settings.write_text(
        settings.read_text().replace('    "apps.core",\n', '    "apps.core",\n    "apps.news",\n', 1)
    )
    project.run("fab", "check")
    before = sorted((project.folder / "apps").iterdir())
    for name, reason in {
        "news": "exists already",
        "core": "exists already",
        "calendar": "standard library",
        "auth": "an installed app has this label",
        "class": "keyword",
        "match": "keyword",
        "Shop": "lowercase letters",
        "my-shop": "lowercase letters",
        "../shop": "lowercase letters",
    }.items():
        result = project.run("fab", "startapp", name, check=False)
        assert result.returncode == 1, name
        assert reason in result.stdout
        assert "Traceback" not in result.stdout
    assert sorted((project.folder / "apps").iterdir()) == before
