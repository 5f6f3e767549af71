"""Send an image to the server: over the same connection, and only the missing layers."""

import gzip
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import IO

from invoke.exceptions import Exit

from fabfile import docker
from fabfile.host.server import Server
from fabfile.image import last_line

MEGABYTE = 1_000_000
FORMAT = "{{json .RootFS.Layers}}"
PLATFORMS = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}


def find_platform(server: Server) -> str:
    """Return the platform of images for this server."""
    machine = server.capture("uname -m")
    if machine not in PLATFORMS:
        raise Exit(f"The server's architecture is {machine}; supported: {', '.join(PLATFORMS)}.")
    return PLATFORMS[machine]


def send(server: Server, image: str) -> None:
    """Copy a local image to the server; raise Exit if that fails.

    If the engine does not accept an image without the shared layers, all of them are sent.
    """
    print("== Send", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "image.tar"
        command = ["docker", "save", "--output", str(archive), image]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise Exit(f"The image could not be saved here: {last_line(result.stderr)}")
        for shared in dict.fromkeys((count_shared_layers(server, image), 0)):
            packed = pack(archive, shared)
            problem = load(server, packed)
            if not problem:
                return
    raise Exit(f"The server cannot load the image: {problem}. Nothing was changed.")


def count_shared_layers(server: Server, image: str) -> int:
    """Return how many of an image's layers, from the bottom, an image on the server shares."""
    ours = to_layers(docker.capture("docker", "image", "inspect", "--format", FORMAT, image) or "")
    theirs = to_layers(
        server.capture(
            f"docker image ls --quiet | sort -u | xargs -r docker image inspect -f '{FORMAT}'"
        )
    )
    return max((count_common(ours[0], other) for other in theirs), default=0)


def to_layers(text: str) -> list[list[str]]:
    """Return the digests of each image's layers."""
    return [json.loads(line) or [] for line in text.splitlines()]


def count_common(ours: list[str], theirs: list[str]) -> int:
    """Return how many bottom layers two images share."""
    pairs = zip(ours, theirs, strict=False)
    return next(
        (i for i, (our, their) in enumerate(pairs) if our != their), min(len(ours), len(theirs))
    )


def pack(archive: Path, shared: int) -> Path:
    """Return a compressed copy of an image's archive, without its first `shared` layers.

    manifest.json lists the layers from the bottom: https://github.com/moby/docker-image-spec
    """
    packed = archive.with_name(f"without-{shared}.tar.gz")
    with tarfile.open(archive) as source:
        manifest = source.extractfile("manifest.json")
        assert manifest is not None  # noqa: S101
        [description] = json.load(manifest)
        # The same layer can occur again further up, as an empty one does.
        excluded = set(description["Layers"][:shared]) - set(description["Layers"][shared:])
        with gzip.open(packed, "wb", 6) as file, tarfile.open(fileobj=file, mode="w|") as target:
            for member in source:
                if member.name not in excluded:
                    target.addfile(member, source.extractfile(member) if member.isfile() else None)
    return packed


def load(server: Server, packed: Path) -> str:
    """Copy a packed image to the server and load it there; return the error, or ""."""
    size = packed.stat().st_size
    remote = f"{server.folder}/image.tar.gz"
    with packed.open("rb") as file:
        copy(server, file, remote, size)
    result = server.run(f"docker load --quiet --input {remote}", warn=True, hide=True)
    server.run(f"rm -f {remote}")
    return "" if result else last_line(result.stderr)


def copy(server: Server, file: IO[bytes], remote: str, size: int) -> None:
    """Copy a file to the server; show the progress on a terminal."""

    def show(sent: int, _: int) -> None:
        if sys.stdout.isatty():
            print(f"\r  {sent / MEGABYTE:.1f} of {size / MEGABYTE:.1f} MB", end="", flush=True)

    server.connection.sftp().putfo(file, remote, size, show)
    line = f"  {size / MEGABYTE:.2f} MB were sent."
    print(f"\r{line}" if sys.stdout.isatty() else line, flush=True)
