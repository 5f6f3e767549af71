"""The site on one server, end to end: a fresh Debian with its own Docker engine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Bake, get_virtualenv
from tests.docker import engine
from tests.docker.engine import docker, get_error
from tests.docker.host import server as servers
from tests.docker.host.server import FOLDER, HOST, PROJECT, Server
from tests.production import wait_until

# The worker updates its heartbeat and its schedules, also during a test.
VOLATILE_TABLES = {"tasks_heartbeat", "tasks_schedule", "django_tasks_database_dbtaskresult"}


@pytest.fixture(scope="module")
def server(
    bake_once: Bake,
    project_variables: dict[str, str],
    build_options: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """Return a server that was set up, and to which the site was deployed."""
    servers.build_images()
    folder = tmp_path_factory.mktemp("host") / "site"
    project = bake_once(deploy="server", tasks="database")
    shutil.copytree(project, folder, symlinks=True, ignore=shutil.ignore_patterns(".env"))
    server = Server(folder, project_variables, build_options)
    try:
        result = server.fab("host.setup", "--domain", HOST, user="root", check=False)
        assert f"ssh root@{server.address}" in get_error(result)
        server.add_known_host()
        assert "--domain" in get_error(server.fab("host.setup", user="root", check=False))
        server.fab("host.setup", "--domain", HOST, user="root")
        server.load_images()
        server.fab("host.env", "SITE_TLS", stdin="tls internal")
        result = server.fab("host.deploy", check=False)
        assert "EMAIL_URL is not set" in result.stdout
        assert "host.env" in get_error(result)
        server.fab("host.env", "EMAIL_URL", stdin="smtp+plain://localhost:25")
        # Caddy and the deployments ignore it.
        server.fab("host.env", "PORT", stdin="8080")
        server.fab("host.deploy")
        yield server
    finally:
        server.remove()


@pytest.fixture
def commit(server: Server) -> Iterator[str]:
    """Return the running commit; restore the checkout and the release at the end."""
    commit = server.get_commit()
    assert server.serves(commit)
    yield commit
    server.reset(commit)
    if not server.serves(commit):
        server.fab("host.rollback", "--to", commit)


def test_page_over_https(server: Server) -> None:
    """A new server serves the page over HTTPS, and redirects HTTP to it."""
    home = server.get("/")
    assert home.status == 200
    assert "max-age" in home.headers["Strict-Transport-Security"]
    stylesheet = re.search(r'href="(/static/dist/css/main\.[0-9a-f]{12}\.css)"', home.body)[1]
    assert server.get(stylesheet).status == 200
    redirect = engine.request(server.address, 80, "/", Host=HOST)
    assert (redirect.status, redirect.headers["Location"]) == (308, f"https://{HOST}/")


def test_setup_is_idempotent(server: Server) -> None:
    """`fab host.setup` is idempotent, and no request is lost meanwhile."""
    state = f"cat .env site.env /etc/site-firewall.nft /etc/fstab; pidof dockerd; ls -la {FOLDER} | sort"
    before = server.run_script(state)
    with server.run_load() as visitors:
        server.fab("host.setup", user="root")
    assert server.run_script(state) == before
    assert visitors["lost"] == []


def test_another_site(server: Server) -> None:
    """`fab host.setup` rejects a server on which another site uses the ports, and changes nothing."""
    file = server.folder / "pyproject.toml"
    text = file.read_text()
    file.write_text(text.replace(f'name = "{PROJECT}"', 'name = "another_site"'))
    try:
        result = server.fab("host.setup", "--domain", "another.site.test", user="root", check=False)
    finally:
        file.write_text(text)
    assert result.returncode == 1
    assert "uses port 80 or 443" in result.stdout
    assert "another_site" not in server.exec("ls", "/srv")


def test_firewall(server: Server) -> None:
    """Only SSH, HTTP and HTTPS are reachable from outside, not even ports that Docker publishes."""
    server.exec("sh", "-c", "nohup python3 -m http.server 9000 > /dev/null 2>&1 &")
    server.run_script(
        "docker run --detach --rm --name open --publish 5432:80 caddy:2 caddy file-server --listen :80"
    )
    wait_until(lambda: "9000" in server.exec("ss", "-ltn"), 10)
    open_ports = [port for port in (22, 80, 443, 2019, 5432, 8000, 9000) if server.listens(port)]
    server.run_script("docker stop --time 0 open; pkill -f 'http[.]server'")
    assert open_ports == [22, 80, 443]


def test_security_updates_and_user(server: Server) -> None:
    """Security updates are installed automatically; the deploy user is not root, and owns the secrets."""
    assert '"1"' in server.exec("apt-config", "dump", "APT::Periodic::Unattended-Upgrade")
    for name in (".env", "site.env"):
        assert server.run_script(f"stat --format '%U %a' {name}") == "deploy 600"
    assert "-H deploy@" in get_error(server.fab("host.status", user="root", check=False))


def test_slow_clients(server: Server) -> None:
    """200 slow clients, which send a byte per second, do not delay other requests."""
    with server.run_slow_clients(200):
        assert [server.get("/").status for _ in range(5)] == [200] * 5


def test_deployments_under_load(server: Server) -> None:
    """Ten deployments lose no request at 100 requests per second, forms and slow requests included."""
    with server.run_load() as visitors:
        for _ in range(10):
            commit = server.commit()
            server.fab("host.deploy")
            assert server.serves(commit)
    print({**visitors, "lost": len(visitors["lost"])})
    assert visitors["lost"] == []
    assert visitors["rate"] > 100
    assert min(visitors[kind] for kind in ("get", "post", "slow")) > 10


def test_size_of_a_deployment(server: Server, commit: str) -> None:
    """After a change of the code, a deployment sends less than a megabyte to the server."""
    before = server.count_received_bytes()
    newer = server.edit("apps/core/views.py", "\n# Changed.\n")
    server.fab("host.deploy")
    sent = server.count_received_bytes() - before
    print(f"{sent} bytes")
    assert sent < 1_000_000
    assert server.serves(newer)


def test_rollback(server: Server, commit: str) -> None:
    """`fab host.rollback` returns to the previous release, or to any of the last ones."""
    newer = server.commit()
    server.fab("host.deploy")
    server.fab("host.rollback")
    assert server.serves(commit)
    server.fab("host.rollback", "--to", newer[:9])
    assert server.serves(newer)
    assert commit in get_error(server.fab("host.rollback", "--to", "nothing", check=False))


def test_migration_that_fails(server: Server, commit: str) -> None:
    """On a server a failed migration ends the deployment before anything is started; no request is lost."""
    folder = server.folder / "apps/accounts/migrations"
    (folder / "9999_broken.py").write_text(engine.render_broken_migration(folder))
    server.commit()
    with server.run_load() as visitors:
        result = server.fab("host.deploy", check=False)
    assert "division by zero" in result.stdout
    assert get_error(result)
    assert server.serves(commit)
    assert visitors["lost"] == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("config/gunicorn.py", "\nraise SystemExit('nothing works')\n", "nothing works"),
        ("apps/core/views.py", "\n\nHomeView.get = None\n", "/ responds with 500"),
    ],
)
def test_release_that_does_not_serve(server: Server, commit: str, name: str, text: str, message: str) -> None:
    """A release that exits at the start, or whose first page fails, is removed; no request is lost."""
    server.edit(name, text)
    with server.run_load() as visitors:
        result = server.fab("host.deploy", check=False)
    assert message in result.stdout
    assert get_error(result)
    assert server.serves(commit)
    assert visitors["lost"] == []


def test_concurrent_deployment_is_rejected(server: Server, commit: str) -> None:
    """A concurrent deployment is rejected; a lost connection leaves no lock behind."""
    words = ["docker", "exec", server.name, "flock", f"{FOLDER}/lock", "sleep", "60"]
    with subprocess.Popen(words) as other:
        wait_until(lambda: "sleep" in server.exec("ps", "-A"), 10)
        result = server.fab("host.deploy", check=False)
        server.exec("pkill", "sleep")
        other.wait()
    assert "Another deployment" in get_error(result)
    server.fab("host.restart")


def test_status_and_commands(server: Server, commit: str) -> None:
    """`fab host.status`, `host.manage` and `host.logs` show the release, a command's result and the log."""
    output = server.fab("host.status").stdout
    assert re.search(rf"^release +{commit}$", output, re.MULTILINE)
    assert "no issues" in server.fab("host.manage", "check --deploy").stdout
    assert server.fab("host.manage", 'shell -c "raise SystemExit(7)"', check=False).returncode == 7
    server.get("/?seen-in-the-log")
    assert '"GET / 200"' in server.fab("host.logs", "--no-follow").stdout


def test_variables(server: Server, commit: str) -> None:
    """`fab host.env` reads a value from standard input, validates it before saving, and never prints it."""
    value = "https://hunter2$HOME@sentry.test/1"
    output = server.fab("host.env", "SENTRY_DSN", stdin=value).stdout
    server.fab("host.restart")
    script = "import os; print(os.environ['SENTRY_DSN'].count('$HOME'))"
    count = server.fab("host.manage", f'shell -c "{script}"').stdout
    assert count.strip().endswith("1")
    assert "hunter2" not in output + count
    before = server.run_script("cat site.env")
    result = server.fab("host.env", "DATABASE_URL", stdin="nonsense", check=False)
    assert "DATABASE_URL" in result.stdout
    assert get_error(result) == "Nothing was changed."
    assert server.run_script("cat site.env") == before
    assert "docs/configuration.md" in get_error(server.fab("host.env", "NONSENSE", stdin="x", check=False))
    server.fab("host.env", "SENTRY_DSN")
    server.fab("host.env", "AWS_ACCESS_KEY_ID", stdin="our-key")
    assert "AWS_ACCESS_KEY_ID='our-key'" in server.run_script("cat site.env")
    server.fab("host.env", "AWS_ACCESS_KEY_ID")
    assert "AWS_" not in server.run_script("cat site.env")


def compute_checksums(server: Server) -> dict[str, str]:
    """Return a checksum of each table's rows, except tables that the worker writes at any time."""
    tables = set(server.psql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split())
    return {
        name: server.psql(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t")
        for name in tables - VOLATILE_TABLES
    }


def test_backup_and_restore(server: Server, commit: str, tmp_path: Path) -> None:
    """A restored nightly backup has every row; the replaced database is kept."""
    create = "from apps.accounts.models import User; User.objects.create_user('a@b.test', 'x')"
    server.fab("host.manage", f'shell -c "{create}"')
    assert "active" in server.exec("systemctl", "is-active", f"site-backup@{PROJECT}.timer")
    server.exec("systemctl", "start", f"site-backup@{PROJECT}.service")
    [name] = server.run_script("ls backups").split()
    before = compute_checksums(server)
    server.psql("DELETE FROM accounts_user")
    assert compute_checksums(server) != before
    assert "--yes" in get_error(server.fab("host.restore", name, check=False))
    server.fab("host.restore", name, "--yes")
    assert compute_checksums(server) == before
    assert server.serves(commit)
    assert "site_before_" in server.psql("SELECT string_agg(datname, ' ') FROM pg_database")
    server.fab("host.backup", "--fetch")
    fetched = sorted((server.folder / "backups").iterdir())[-1]
    assert fetched.name in server.run_script("ls backups")


def test_truncated_backup(server: Server, commit: str, tmp_path: Path) -> None:
    """A truncated backup is rejected; the site keeps its data and loses no request."""
    server.fab("host.backup")
    last_backup = server.run_script("ls backups").split()[-1]
    server.run_script(
        f"head --bytes=20000 backups/{last_backup} > backups/broken.dump; chown deploy backups/broken.dump"
    )
    before = compute_checksums(server)
    with server.run_load() as visitors:
        result = server.fab("host.restore", "broken.dump", "--yes", check=False)
    assert get_error(result).endswith("Nothing was changed.")
    assert compute_checksums(server) == before
    assert "site_restored" not in server.psql("SELECT string_agg(datname, ' ') FROM pg_database")
    assert visitors["lost"] == []
    assert "broken.dump" in get_error(server.fab("host.restore", "none.dump", "--yes", check=False))


def test_database_on_another_server(server: Server) -> None:
    """If the database is on another server, backup and restore fail with that reason."""
    server.run_script("cp -p site.env kept && sed -i 's/@db:/@db.example.org:/' site.env")
    try:
        for words in (("host.backup",), ("host.restore", "any.dump", "--yes")):
            result = server.fab(*words, check=False)
            assert result.returncode == 1
            assert "is not on this server" in result.stdout
        # Another database on this server, such as one that a restore has replaced.
        server.run_script("cp kept site.env && sed -i \"s#/site'#/site_before'#\" site.env")
        assert "its name is not site" in server.fab("host.backup", check=False).stdout
    finally:
        server.run_script("mv kept site.env")


def test_masked_copy(server: Server) -> None:
    """`fab pull` from a server works; a site on SQLite rejects a copy of PostgreSQL with that reason."""
    (server.folder / ".venv").symlink_to(get_virtualenv(server.folder))
    variables = {**server.variables, "RUN_IN": "host"}
    command = ("fab", "-H", f"deploy@{server.address}", "pull", "--from", FOLDER, "--yes")
    result = engine.run(*command, cwd=server.folder, env=variables, check=False)
    (server.folder / ".venv").unlink()
    assert result.returncode == 1
    assert "from postgresql, but this database is sqlite" in result.stdout


def test_restart_of_the_engine(server: Server) -> None:
    """If the Docker engine restarts, as in an upgrade, the site's containers keep running."""
    start_times = "docker inspect --format '{{.State.StartedAt}}' $(docker compose ps --quiet)"
    before = server.run_script(start_times)
    server.exec("systemctl", "restart", "docker")
    wait_until(server.serves, 30, "the site")
    assert server.run_script(start_times) == before


def test_reboot(server: Server) -> None:
    """After a reboot the site starts automatically, with its database, firewall and backup timer."""
    commit = server.get_commit()
    docker("restart", "--time", "60", server.name)
    # A server keeps its IP address; a container may not.
    server.add_known_host()
    wait_until(server.serves, 90, "the site")
    assert server.serves(commit)
    assert not server.listens(8000)
    assert "site" in server.exec("nft", "list", "tables")
    assert "active" in server.exec("systemctl", "is-active", f"site-backup@{PROJECT}.timer")
    server.commit()
    server.fab("host.deploy")
