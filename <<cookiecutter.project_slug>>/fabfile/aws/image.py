"""The image of a release: built from a commit, pushed under its name, and known by its digest."""

import base64
import os
import shlex
import time
from io import StringIO
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import docker, poetry
from fabfile.aws.account import Account, error_code

PLATFORMS = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}


def commit(dirty: bool) -> str:
    """Return the checkout's commit, under which its image is pushed.

    Raises Exit if there is none, or if files differ from it, unless `dirty` allows that: then
    the name tells the time as well.
    """
    head = docker.answer("git", "rev-parse", "--verify", "HEAD")
    if not head:
        raise Exit("There is no commit to deploy: git init && git add --all && git commit")
    changed = (docker.answer("git", "status", "--porcelain") or "").splitlines()
    if not changed:
        return head
    if not dirty:
        raise Exit(
            f"{len(changed)} files differ from the commit, such as {changed[0].split()[-1]}:"
            " commit them, or deploy them as they are with --dirty."
        )
    return f"{head}-dirty-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"


def named(release: str) -> str:
    """Return the commit that a branch, a tag or the beginning of a commit's name stands for."""
    found = docker.answer("git", "rev-parse", "--verify", "--quiet", f"{release}^{{commit}}")
    return found or release


def find(aws: Account, tag: str) -> str:
    """Return the digest of the image under this name, or "" if there is none."""
    return str(details(aws, imageTag=tag).get("imageDigest", ""))


def release(aws: Account, uri: str) -> str:
    """Return the name under which an image was pushed: a commit; else its digest."""
    digest = uri.partition("@")[2]
    return str(details(aws, imageDigest=digest).get("imageTags", [digest])[0])


def details(aws: Account, **identity: str) -> dict[str, Any]:
    """Return what the repository says of an image, which is nothing if it has none such."""
    try:
        found = aws.ecr.describe_images(repositoryName=aws.prefix, imageIds=[identity])
    except Exception as error:
        if error_code(error) == "ImageNotFoundException":
            return {}
        raise
    return found["imageDetails"][0] if found["imageDetails"] else {}


def build(c: Context, aws: Account, repository: str, architecture: str, *, dirty: bool) -> str:
    """Return the image of the checkout, by digest; build and push it unless it has been pushed.

    Raises Exit in one line if it cannot be built or pushed.
    """
    tag = commit(dirty)
    digest = find(aws, tag)
    if digest:
        print(f"The image of {tag} has been pushed before.")
        return f"{repository}@{digest}"
    if problem := docker.engine_problem():
        raise Exit(problem)
    local = f"{repository}:{tag}"
    print(f"== Build {tag}", flush=True)
    words = ["docker", "build", "--tag", local, "--build-arg", f"RELEASE={tag}"]
    words += ["--platform", PLATFORMS[architecture]]
    if mirror := os.environ.get(poetry.MIRROR) or poetry.remembered_mirror():
        words += ["--build-arg", f"{poetry.MIRROR}={mirror}"]
    # One manifest and not an index of several: its digest is the image's, and one scan is enough.
    alone = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    if not c.run(f"{shlex.join(words)} .", env=alone, warn=True):
        raise Exit("The image could not be built: the lines above say why. Nothing was changed.")
    push(c, aws, local)
    return f"{repository}@{find(aws, tag)}"


def push(c: Context, aws: Account, image: str) -> None:
    """Push an image; raise Exit if the repository does not take it."""
    print("== Push", flush=True)
    [said] = aws.ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(said["authorizationToken"]).decode().partition(":")
    host = image.partition("/")[0]
    login = f"docker login --username {user} --password-stdin {shlex.quote(host)}"
    done: Any = c.run(login, in_stream=StringIO(password), hide=True, warn=True)
    if not done:
        raise Exit(f"Docker cannot sign in to {host}: {last_line(done.stderr)}")
    if not c.run(f"docker push --quiet {shlex.quote(image)}", warn=True):
        raise Exit("The image could not be pushed: the lines above say why. Nothing was changed.")


def last_line(text: str) -> str:
    """Return the last line that says something."""
    return (text.strip().splitlines() or ["it said nothing"])[-1]
