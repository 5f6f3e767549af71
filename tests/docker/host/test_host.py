"""The site on one server, end to end: Debian as a provider hands it over, with an engine of its own."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Bake, get_virtualenv
from tests.docker import engine
from tests.docker.engine import docker
from tests.docker.host import server as servers
from tests.docker.host.server import FOLDER, HOST, PROJECT, Server, last
from tests.production import wait_until

# The worker says that it lives, and starts what is due: also in the middle of a test.
WRITTEN_BY_THE_CLOCK = {"tasks_heartbeat", "tasks_schedule", "django_tasks_database_dbtaskresult"}
MIGRATION = (
    "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
    "    dependencies = [('accounts', '{}')]\n"
    "    operations = [migrations.RunSQL('SELECT 1 / 0')]\n"
)


@pytest.fixture(scope="module")
def server(
    bake_once: Bake,
    project_variables: dict[str, str],
    build_options: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """Return a server that was set up, and on which the site was deployed."""
    servers.build()
    folder = tmp_path_factory.mktemp("host") / "site"
    project = bake_once(deploy="server", tasks="database")
    shutil.copytree(project, folder, symlinks=True, ignore=shutil.ignore_patterns(".env"))
    server = Server(folder, project_variables, build_options)
    try:
        unknown = server.fab("host.setup", "--domain", HOST, user="root", check=False)
        assert f"ssh root@{server.address}" in last(unknown)
        server.know()
        assert "--domain" in last(server.fab("host.setup", user="root", check=False))
        server.fab("host.setup", "--domain", HOST, user="root")
        server.load_images()
        server.fab("host.env", "SITE_TLS", says="tls internal")
        refused = server.fab("host.deploy", check=False)
        assert "EMAIL_URL is not set" in refused.stdout
        assert "host.env" in last(refused)
        server.fab("host.env", "EMAIL_URL", says="smtp+plain://localhost:25")
        # Caddy and the deployments do not know it.
        server.fab("host.env", "PORT", says="8080")
        server.fab("host.deploy")
        yield server
    finally:
        server.remove()


@pytest.fixture
def commit(server: Server) -> Iterator[str]:
    """Return the commit that runs; in the end the checkout and what runs are this one again."""
    commit = server.head()
    assert server.serves(commit)
    yield commit
    server.reset(commit)
    if not server.serves(commit):
        server.fab("host.rollback", "--to", commit)


def test_page_by_https(server: Server) -> None:
    """A fresh server serves the page over HTTPS, and redirects HTTP there."""
    home = server.get("/")
    assert home.status == 200
    assert "max-age" in home.headers["Strict-Transport-Security"]
    stylesheet = re.search(r'href="(/static/dist/css/main\.[0-9a-f]{12}\.css)"', home.body)[1]
    assert server.get(stylesheet).status == 200
    moved = engine.ask(server.address, 80, "/", Host=HOST)
    assert (moved.status, moved.headers["Location"]) == (308, f"https://{HOST}/")


def test_setup_again(server: Server) -> None:
    """`fab host.setup` is idempotent, and the site keeps serving meanwhile."""
    look = f"cat .env site.env /etc/site-firewall.nft /etc/fstab; pidof dockerd; ls -la {FOLDER} | sort"
    before = server.sh(look)
    with server.load() as visitors:
        server.fab("host.setup", user="root")
    assert server.sh(look) == before
    assert visitors["lost"] == []


def test_another_site(server: Server) -> None:
    """A server on which another site has the ports is refused, and nothing of it is changed."""
    file = server.folder / "pyproject.toml"
    text = file.read_text()
    file.write_text(text.replace(f'name = "{PROJECT}"', 'name = "another_site"'))
    try:
        refused = server.fab("host.setup", "--domain", "another.site.test", user="root", check=False)
    finally:
        file.write_text(text)
    assert refused.returncode == 1
    assert "uses port 80 or 443" in refused.stdout
    assert "another_site" not in server.exec("ls", "/srv")


def test_firewall(server: Server) -> None:
    """Only SSH, HTTP and HTTPS are reachable from outside, not even ports that Docker publishes."""
    server.exec("sh", "-c", "nohup python3 -m http.server 9000 > /dev/null 2>&1 &")
    server.sh("docker run --detach --rm --name open --publish 5432:80 caddy:2 caddy file-server --listen :80")
    wait_until(lambda: "9000" in server.exec("ss", "-ltn"), 10)
    open_ports = [port for port in (22, 80, 443, 2019, 5432, 8000, 9000) if server.listens(port)]
    server.sh("docker stop --time 0 open; pkill -f 'http[.]server'")
    assert open_ports == [22, 80, 443]


def test_security_updates_and_user(server: Server) -> None:
    """Security updates are installed automatically; the deploy user is not root, and owns the secrets."""
    assert '"1"' in server.exec("apt-config", "dump", "APT::Periodic::Unattended-Upgrade")
    for name in (".env", "site.env"):
        assert server.sh(f"stat --format '%U %a' {name}") == "deploy 600"
    assert "-H deploy@" in last(server.fab("host.status", user="root", check=False))


def test_slow_clients(server: Server) -> None:
    """200 clients that send a form at a byte a second keep no one else waiting."""
    with server.slow_clients(200):
        assert [server.get("/").status for _ in range(5)] == [200] * 5


def test_ten_deploys_under_load(server: Server) -> None:
    """Ten deployments lose none of 100 requests a second, forms and slow ones among them."""
    with server.load() as visitors:
        for _ in range(10):
            commit = server.commit()
            server.fab("host.deploy")
            assert server.serves(commit)
    print({**visitors, "lost": len(visitors["lost"])})
    assert visitors["lost"] == []
    assert visitors["rate"] > 100
    assert min(visitors[kind] for kind in ("get", "post", "slow")) > 10


def test_what_a_change_sends(server: Server, commit: str) -> None:
    """After a change of the code, less than a megabyte goes to the server."""
    before = server.received()
    newer = server.edit("apps/core/views.py", "\n# Changed.\n")
    server.fab("host.deploy")
    sent = server.received() - before
    print(f"{sent} bytes")
    assert sent < 1_000_000
    assert server.serves(newer)


def test_rollback(server: Server, commit: str) -> None:
    """A rollback brings back the release before, or any of the last ones."""
    newer = server.commit()
    server.fab("host.deploy")
    server.fab("host.rollback")
    assert server.serves(commit)
    server.fab("host.rollback", "--to", newer[:9])
    assert server.serves(newer)
    assert commit in last(server.fab("host.rollback", "--to", "nothing", check=False))


def test_migration_that_fails(server: Server, commit: str) -> None:
    """A migration that fails ends the deployment before anything is started; no request is lost."""
    folder = server.folder / "apps/accounts/migrations"
    *_, newest = sorted(file.stem for file in folder.glob("0*.py"))
    (folder / "9999_broken.py").write_text(MIGRATION.format(newest))
    server.commit()
    with server.load() as visitors:
        failed = server.fab("host.deploy", check=False)
    assert "division by zero" in failed.stdout
    assert last(failed)
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
    """A release that ends at its start, or whose first page fails, is removed, and no request is lost."""
    server.edit(name, text)
    with server.load() as visitors:
        failed = server.fab("host.deploy", check=False)
    assert message in failed.stdout
    assert last(failed)
    assert server.serves(commit)
    assert visitors["lost"] == []


def test_second_deployment_is_refused(server: Server, commit: str) -> None:
    """A second deployment at the same time is refused; a lost connection leaves no lock behind."""
    words = ["docker", "exec", server.name, "flock", f"{FOLDER}/lock", "sleep", "60"]
    with subprocess.Popen(words) as other:
        wait_until(lambda: "sleep" in server.exec("ps", "-A"), 10)
        refused = server.fab("host.deploy", check=False)
        server.exec("pkill", "sleep")
        other.wait()
    assert "Another deployment" in last(refused)
    server.fab("host.restart")


def test_status_and_commands(server: Server, commit: str) -> None:
    """`status` names the release, `manage` has the command's exit code, `logs` shows what the site logs."""
    message = server.fab("host.status").stdout
    assert re.search(rf"^release +{commit}$", message, re.MULTILINE)
    assert "no issues" in server.fab("host.manage", "check --deploy").stdout
    assert server.fab("host.manage", 'shell -c "raise SystemExit(7)"', check=False).returncode == 7
    server.get("/?seen-in-the-log")
    assert '"GET / 200"' in server.fab("host.logs", "--no-follow").stdout


def test_variables(server: Server, commit: str) -> None:
    """A variable is read from standard input, checked before it is saved, and not repeated."""
    value = "https://hunter2$HOME@sentry.test/1"
    message = server.fab("host.env", "SENTRY_DSN", says=value).stdout
    server.fab("host.restart")
    script = "import os; print(os.environ['SENTRY_DSN'].count('$HOME'))"
    known = server.fab("host.manage", f'shell -c "{script}"').stdout
    assert known.strip().endswith("1")
    assert "hunter2" not in message + known
    before = server.sh("cat site.env")
    refused = server.fab("host.env", "DATABASE_URL", says="nonsense", check=False)
    assert "DATABASE_URL" in refused.stdout
    assert last(refused) == "Nothing was changed."
    assert server.sh("cat site.env") == before
    assert "docs/configuration.md" in last(server.fab("host.env", "NONSENSE", says="x", check=False))
    server.fab("host.env", "SENTRY_DSN")
    server.fab("host.env", "AWS_ACCESS_KEY_ID", says="our-key")
    assert "AWS_ACCESS_KEY_ID='our-key'" in server.sh("cat site.env")
    server.fab("host.env", "AWS_ACCESS_KEY_ID")
    assert "AWS_" not in server.sh("cat site.env")


def checksums(server: Server) -> dict[str, str]:
    """Return a checksum of each table's rows, except tables that the worker writes by the clock."""
    tables = set(server.psql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split())
    return {
        name: server.psql(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t")
        for name in tables - WRITTEN_BY_THE_CLOCK
    }


def test_backup_and_restore(server: Server, commit: str, tmp_path: Path) -> None:
    """A restored nightly backup has every row; the newer data is set aside."""
    create = "from apps.accounts.models import User; User.objects.create_user('a@b.test', 'x')"
    server.fab("host.manage", f'shell -c "{create}"')
    assert "active" in server.exec("systemctl", "is-active", f"site-backup@{PROJECT}.timer")
    server.exec("systemctl", "start", f"site-backup@{PROJECT}.service")
    [name] = server.sh("ls backups").split()
    before = checksums(server)
    server.psql("DELETE FROM accounts_user")
    assert checksums(server) != before
    assert "--yes" in last(server.fab("host.restore", name, check=False))
    server.fab("host.restore", name, "--yes")
    assert checksums(server) == before
    assert server.serves(commit)
    assert "site_before_" in server.psql("SELECT string_agg(datname, ' ') FROM pg_database")
    server.fab("host.backup", "--fetch")
    fetched = sorted((server.folder / "backups").iterdir())[-1]
    assert fetched.name in server.sh("ls backups")


def test_backup_that_cannot_be_restored(server: Server, commit: str, tmp_path: Path) -> None:
    """A backup that is cut off is refused, and the site's data and requests stay."""
    server.fab("host.backup")
    newest = server.sh("ls backups").split()[-1]
    server.sh(f"head --bytes=20000 backups/{newest} > backups/broken.dump; chown deploy backups/broken.dump")
    before = checksums(server)
    with server.load() as visitors:
        refused = server.fab("host.restore", "broken.dump", "--yes", check=False)
    assert last(refused).endswith("Nothing was changed.")
    assert checksums(server) == before
    assert "site_restored" not in server.psql("SELECT string_agg(datname, ' ') FROM pg_database")
    assert visitors["lost"] == []
    assert "broken.dump" in last(server.fab("host.restore", "none.dump", "--yes", check=False))


def test_database_of_another_server(server: Server) -> None:
    """If the site's database is not on the server, backup and restore refuse."""
    server.sh("cp -p site.env kept && sed -i 's/@db:/@db.example.org:/' site.env")
    try:
        for words in (("host.backup",), ("host.restore", "any.dump", "--yes")):
            refused = server.fab(*words, check=False)
            assert refused.returncode == 1
            assert "is not on this server" in refused.stdout
        # Another database of this server, as one that a restore has set aside.
        server.sh("cp kept site.env && sed -i \"s#/site'#/site_before'#\" site.env")
        assert "its name is not site" in last(server.fab("host.backup", check=False))
    finally:
        server.sh("mv kept site.env")


def test_masked_copy(server: Server) -> None:
    """`fab pull` finds the serving release; a site on SQLite refuses a copy of PostgreSQL and says why."""
    (server.folder / ".venv").symlink_to(get_virtualenv(server.folder))
    variables = {**server.variables, "RUN_IN": "host"}
    command = ("fab", "-H", f"deploy@{server.address}", "pull", "--from", FOLDER, "--yes")
    refused = engine.run(*command, cwd=server.folder, env=variables, check=False)
    (server.folder / ".venv").unlink()
    assert refused.returncode == 1
    assert "from postgresql, but this database is sqlite" in refused.stdout


def test_restart_of_the_engine(server: Server) -> None:
    """The Docker engine can be restarted, as by an upgrade: the site's containers keep running."""
    began = "docker inspect --format '{{.State.StartedAt}}' $(docker compose ps --quiet)"
    before = server.sh(began)
    server.exec("systemctl", "restart", "docker")
    wait_until(server.serves, 30, "the site")
    assert server.sh(began) == before


def test_reboot(server: Server) -> None:
    """After a reboot the site starts automatically, with its database, its firewall and its timer."""
    commit = server.head()
    docker("restart", "--time", "60", server.name)
    # A server keeps its address, a container may not.
    server.know()
    wait_until(server.serves, 90, "the site")
    assert server.serves(commit)
    assert not server.listens(8000)
    assert "site" in server.exec("nft", "list", "tables")
    assert "active" in server.exec("systemctl", "is-active", f"site-backup@{PROJECT}.timer")
    server.commit()
    server.fab("host.deploy")
