"""The image of a release: built from a commit and tagged with it."""

import os
import shlex
import time

from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import docker, poetry


def find_commit(dirty: bool) -> str:
    """Return the checkout's commit, which is the tag of its image.

    Raises Exit if there is no commit, or if files differ from it. `dirty` allows differences; the
    tag then also contains the time.
    """
    head = docker.capture("git", "rev-parse", "--verify", "HEAD")
    if not head:
        raise Exit("There is no commit to deploy. Type: git init && git add --all && git commit")
    changed = (docker.capture("git", "status", "--porcelain", ".") or "").splitlines()
    if not changed:
        return head
    if not dirty:
        raise Exit(
            f"{len(changed)} files differ from the commit, such as {changed[0].split()[-1]}:"
            " commit them, or deploy them as they are with --dirty."
        )
    return f"{head}-dirty-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"


def resolve_commit(release: str) -> str:
    """Return the commit of a branch, a tag or an abbreviated hash."""
    commit = docker.capture("git", "rev-parse", "--verify", "--quiet", f"{release}^{{commit}}")
    return commit or release


def build(c: Context, image: str, release: str, platform: str) -> None:
    """Build the production image of the checkout and tag it `image`.

    Raises Exit if it cannot be built.
    """
    if problem := docker.find_engine_problem():
        raise Exit(problem)
    print(f"== Build {release}", flush=True)
    command = ["docker", "build", "--tag", image, "--build-arg", f"RELEASE={release}"]
    command += ["--platform", platform]
    if mirror := os.environ.get(poetry.MIRROR) or poetry.read_mirror():
        command += ["--build-arg", f"{poetry.MIRROR}={mirror}"]
    # A manifest instead of an index: its digest is the image's, and one scan is enough.
    variables = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    if not c.run(f"{shlex.join(command)} .", env=variables, warn=True):
        raise Exit("The image could not be built: the lines above say why. Nothing was changed.")


def last_line(text: str) -> str:
    """Return the last line that is not empty."""
    return (text.strip().splitlines() or ["no output"])[-1]
