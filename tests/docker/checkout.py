"""A developer's checkout of a project, with a home folder, and a user who runs `fab`."""

import os
import re
import shutil
import tarfile
import uuid
from pathlib import Path

from tests.docker import engine
from tests.docker.engine import Response, docker, run

HERE = Path(__file__).resolve().parent
SOCKET = Path("/var/run/docker.sock")


class NodeServer:
    """A mirror of nodejs.org and of nvm's site, with a small nvm and the Node of node:24-slim."""

    def __init__(self, folder: Path) -> None:
        """Create the files and serve them to containers on port 80: nvm rejects a mirror with a port."""
        self.folder = folder
        self.version = self.pack()
        shutil.copy(HERE / "images" / "nvm.sh", folder)
        self.sha256 = run("sha256sum", folder / "nvm.sh").stdout.split()[0]
        # The network's gateway is an IP address of this machine that no other worker uses.
        self.network = docker("network", "create", f"slipway-node-{uuid.uuid4().hex[:12]}")
        gateway = "{{(index .IPAM.Config 0).Gateway}}"
        self.address = docker("network", "inspect", "--format", gateway, self.network)
        command = ("python", "-um", "http.server", "80", "--bind", self.address, "--directory", "/files")
        options = ("--detach", "--network=host", f"--volume={folder}:/files:ro")
        self.server = docker("run", *options, "python:3.14-slim", *command)

    def remove(self) -> None:
        """Remove the server."""
        docker("rm", "--force", self.server)
        docker("network", "rm", self.network)

    def pack(self) -> str:
        """Write Node's archive and the list of versions as on nodejs.org; return the version."""
        version = engine.run_in_image("node:24-slim", "node --version")
        container = docker("create", "node:24-slim")
        unpacked = self.folder / "unpacked"
        for path in ("bin", "lib/node_modules/npm"):
            (unpacked / path).parent.mkdir(parents=True, exist_ok=True)
            docker("cp", f"{container}:/usr/local/{path}", unpacked / path)
        docker("rm", container)
        name = f"node-{version}-linux-{'arm64' if os.uname().machine == 'aarch64' else 'x64'}"
        (self.folder / version).mkdir()
        with tarfile.open(self.folder / version / f"{name}.tar.gz", "w:gz", compresslevel=1) as tar:
            tar.add(unpacked, name)
        (self.folder / "index.tab").write_text(f"version\tdate\n{version}\t2026-01-01\n")
        return version

    @property
    def requests(self) -> list[str]:
        """Return the paths of the requests."""
        return re.findall(r'"GET (\S+) ', docker("logs", self.server))

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables for .env with which a container uses this mirror."""
        url = f"http://{self.address}"
        return {"NVM_URL": f"{url}/nvm.sh", "NVM_SHA256": self.sha256, "NVM_NODEJS_ORG_MIRROR": url}


class Checkout:
    """A checkout that belongs to the user `uid`, with its own home folder."""

    def __init__(self, folder: Path, home: Path, uid: int, gid: int, variables: dict[str, str]) -> None:
        """Take over the folder; `variables` is an environment with `fab` on its PATH."""
        self.folder, self.home, self.uid, self.gid = folder, home, uid, gid
        home.mkdir(exist_ok=True)
        self.prefix = get_user_prefix(uid, gid)
        self.variables = {**variables, "HOME": str(home), "LOGNAME": "developer", "TERM": "dumb"}
        for name in ("NVM_DIR", "XDG_CACHE_HOME", "TMPDIR", "UID", "GID"):
            self.variables.pop(name, None)
        self.chown(folder, home)

    def chown(self, *folders: Path) -> None:
        """Make the user the owner of these folders and their contents."""
        if os.getuid() == 0:
            run("chown", "-R", f"{self.uid}:{self.gid}", *folders)

    def run(self, *words: str, **options):
        """Run a command as the user in the checkout."""
        return run(*self.prefix, *words, cwd=self.folder, env=self.variables, **options)

    def preinstall_node(self, server: NodeServer, node_modules: Path) -> None:
        """Install Node and the npm packages that the first start would download."""
        node = self.home / ".nvm/versions/node" / server.version
        node.parent.mkdir(parents=True)
        run("cp", "-a", server.folder / "unpacked", node)
        run("cp", "-a", server.folder / "nvm.sh", self.home / ".nvm")
        run("cp", "-a", node_modules, self.folder)
        self.chown(self.folder / "node_modules", self.home)

    def fab(self, *words: str, **options) -> str:
        """Run Fabric's tasks as the user and return their output."""
        return self.run("fab", *words, timeout=400, **options).stdout

    def compose(self, *words: str, **options) -> str:
        """Run Compose as the user and return its output."""
        return self.run("docker", "compose", *words, **options).stdout.strip()

    def exec(self, *words: str, **options) -> str:
        """Run a command in the container web."""
        return self.compose("exec", "--no-TTY", "web", *words, **options)

    @property
    def web(self) -> engine.Container:
        """Return the container web."""
        return engine.Container(self.compose("ps", "--all", "--quiet", "web"))

    def read_env(self, name: str) -> str:
        """Return a value in .env."""
        return re.search(rf"^{name}=(.*)$", (self.folder / ".env").read_text(), re.MULTILINE)[1]

    def set_env(self, **values: str | None) -> None:
        """Change .env; None removes the line."""
        text = (self.folder / ".env").read_text()
        for name, value in values.items():
            text = re.sub(rf"^{name}=.*\n", "", text, flags=re.MULTILINE)
            text += "" if value is None else f"{name}={value}\n"
        (self.folder / ".env").write_text(text)

    def get(self, path: str) -> Response:
        """Send a GET request to the URL that a developer opens."""
        return engine.request("127.0.0.1", int(self.read_env("WEB_PORT")), path, Host="localhost")

    def shows(self, path: str, text: str) -> bool:
        """Return whether the page has status 200 and contains this text."""
        try:
            response = self.get(path)
        except OSError:
            return False
        return response.status == 200 and text in response.body

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file, as an editor does."""
        file = self.folder / name
        text = file.read_text()
        assert old in text, f"{old!r} is not in {name}"
        file.write_text(text.replace(old, new, 1))

    def find_foreign_files(self) -> list[str]:
        """Return the files in the checkout and the home folder that the user does not own."""
        result = run("find", self.folder, self.home, "-not", "-uid", str(self.uid)).stdout
        return result.splitlines()

    def remove(self) -> None:
        """Remove what Compose has created."""
        down = ("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "2")
        self.compose("--profile", "*", *down, check=False)


def get_user_prefix(uid: int, gid: int) -> tuple[str, ...]:
    """Return the words that run a command as another user, who can use Docker.

    The user can also read every file, since the tests' Python may be in a home folder.
    """
    if os.getuid() == uid:
        return ()
    capability = "+dac_read_search"
    return (
        "setpriv",
        f"--reuid={uid}",
        f"--regid={gid}",
        f"--groups={SOCKET.stat().st_gid}",
        f"--inh-caps={capability}",
        f"--ambient-caps={capability}",
    )
