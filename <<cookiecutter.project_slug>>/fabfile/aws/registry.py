"""The images in the repository on AWS: tagged with their commit, referred to by digest."""

import base64
import shlex
from io import StringIO
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import image
from fabfile.aws.account import Account, get_error_code

PLATFORMS = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}


def find_digest(aws: Account, tag: str) -> str:
    """Return the digest of the image with this tag, or "" if there is none."""
    return str(describe_image(aws, imageTag=tag).get("imageDigest", ""))


def find_release(aws: Account, uri: str) -> str:
    """Return an image's tag, which is its commit, or its digest if it has none."""
    digest = uri.partition("@")[2]
    return str(describe_image(aws, imageDigest=digest).get("imageTags", [digest])[0])


def describe_image(aws: Account, **identity: str) -> dict[str, Any]:
    """Return the repository's details of an image; empty if it does not exist."""
    try:
        response = aws.ecr.describe_images(repositoryName=aws.prefix, imageIds=[identity])
    except Exception as error:
        if get_error_code(error) == "ImageNotFoundException":
            return {}
        raise
    return response["imageDetails"][0] if response["imageDetails"] else {}


def build(c: Context, aws: Account, repository: str, architecture: str, *, dirty: bool) -> str:
    """Build and push the image of the checkout, unless it has been pushed; return it by digest.

    Raises Exit if it cannot be built or pushed.
    """
    tag = image.find_commit(dirty)
    digest = find_digest(aws, tag)
    if digest:
        print(f"The image of {tag} has already been pushed.")
        return f"{repository}@{digest}"
    local = f"{repository}:{tag}"
    image.build(c, local, tag, PLATFORMS[architecture])
    push(c, aws, local)
    return f"{repository}@{find_digest(aws, tag)}"


def push(c: Context, aws: Account, name: str) -> None:
    """Push the image of this name; raise Exit if that fails."""
    print("== Push", flush=True)
    [response] = aws.ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(response["authorizationToken"]).decode().partition(":")
    host = name.partition("/")[0]
    login = f"docker login --username {user} --password-stdin {shlex.quote(host)}"
    result: Any = c.run(login, in_stream=StringIO(password), hide=True, warn=True)
    if not result:
        raise Exit(f"Docker cannot sign in to {host}: {image.last_line(result.stderr)}")
    if not c.run(f"docker push --quiet {shlex.quote(name)}", warn=True):
        raise Exit("The image could not be pushed: the lines above say why. Nothing was changed.")
