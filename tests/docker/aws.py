"""An emulated AWS account (images/ministack), and a checkout that is deployed to it."""

import base64
import json
import random
import re
import shutil
import time
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from tests.docker import engine
from tests.docker.commits import Commits
from tests.docker.engine import Response, docker, request_over_https, run
from tests.production import wait_until

IMAGE = "slipway-test/ministack:1.5.33"
ACCOUNT, REGION, HOST = "000000000000", "eu-west-2", "www.site.test"
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555"
PREFIX = "my-site-staging"
STAGING = f"""
account = "{ACCOUNT}"
region = "{REGION}"
[bootstrap]
GitHubRepository = "org/name"
[service]
DomainName = "{HOST}"
CertificateArn = "{CERTIFICATE}"
WebMinimum = 1
"""
# Resources that the emulator does not support.
UNSUPPORTED = {
    "bootstrap.yaml": ["GitHubProvider"],
    "service.yaml": ["Scaling", "ScalingByCpu", "ScalingByRequests"],
}


class Aws(Commits):
    """The account, the checkout, and a user who runs `fab`: the owner, or GitHub's workflow."""

    def __init__(self, folder: Path, variables: dict[str, str], build_options: tuple[str, ...]) -> None:
        """Start the emulator on a random IP address; make `folder` a checkout with one commit."""
        self.folder = folder
        # Any IP address in 127.0.0.0/8 is this machine; a random one avoids conflicts between runs.
        self.address = f"127.{random.randint(80, 250)}.{random.randint(1, 250)}.{random.randint(2, 250)}"
        self.name = f"slipway-test-{self.address.replace('.', '-')}"
        self.variables = {
            **variables,
            "AWS_ENDPOINT_URL": f"http://{self.address}:4566",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": self.address,
            "DOCKER_CONFIG": str(folder.parent / "docker"),
            "SSL_CERT_FILE": str(folder.parent / "authority.pem"),
            **dict(word.split("=", 1) for word in build_options[1:]),
        }
        plugins = Path.home() / ".docker" / "cli-plugins"
        (folder.parent / "docker").mkdir()
        if plugins.exists():
            (folder.parent / "docker" / "cli-plugins").symlink_to(plugins)
        self.owner = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        self.github: dict[str, str] = {}
        self.start()
        self.prepare()

    def start(self) -> None:
        """Start the emulator and wait until it responds."""
        docker("network", "create", self.name)
        ports = [word for port in (80, 443, 4566) for word in ("--publish", f"{self.address}:{port}:{port}")]
        settings = {"AUTH": "true", "ADDRESS": self.address, "HOST": HOST, "MINISTACK_REGION": REGION}
        variables = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
        socket_ = "--volume=/var/run/docker.sock:/var/run/docker.sock"
        words = ("run", "--detach", "--name", self.name, "--network", self.name, *ports, *variables, socket_)
        docker(*words, IMAGE)
        wait_until(self.is_up, 60, "ministack")
        authority = docker("exec", self.name, "cat", "/authority.pem")
        Path(self.variables["SSL_CERT_FILE"]).write_text(authority)

    def is_up(self) -> bool:
        """Return whether the emulator responds."""
        try:
            return engine.request(self.address, 4566, "/_ministack/health").status == 200
        except OSError:
            return False

    def prepare(self) -> None:
        """Configure staging, remove resources that the emulator lacks, and commit."""
        deploy = self.folder / "deploy" / "aws"
        (deploy / "staging.toml").write_text(STAGING)
        for name, resources in UNSUPPORTED.items():
            text = (deploy / name).read_text()
            for resource in resources:
                text, count = re.subn(
                    rf"^  {resource}:\n(    .*\n|\n(?=    ))+", "", text, flags=re.MULTILINE
                )
                assert count == 1, resource
            (deploy / name).write_text(text)
        self.init_repository()

    # --- The checkout -------------------------------------------------------------------------------

    def fab(self, *words: str, as_owner: bool = False, stdin: str = "", check: bool = True):
        """Run a task as GitHub's workflow, or as the owner; `stdin` is its standard input."""
        variables = {**self.variables, **(self.owner if as_owner or not self.github else self.github)}
        task, *more = words
        command = ("fab", task, *more, "--environment", "staging")
        return run(*command, cwd=self.folder, env=variables, input=stdin, timeout=600, check=check)

    # --- The account --------------------------------------------------------------------------------

    def create_client(self, service: str, **credentials: str):
        """Return boto3's client of a service, with the owner's permissions by default."""
        keys = credentials or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        url = self.variables["AWS_ENDPOINT_URL"]
        return boto3.client(service, endpoint_url=url, region_name=REGION, **keys)

    def get_credentials(
        self, subject: str, audience: str = "sts.amazonaws.com", issuer: str = ""
    ) -> dict[str, str]:
        """Return the credentials that AWS gives to a workflow with this subject.

        Raises ClientError if AWS denies access. The emulator does not verify the token's signature.
        """
        issuer = issuer or "https://token.actions.githubusercontent.com"
        claims = {"iss": issuer, "aud": audience, "sub": subject, "exp": int(time.time()) + 3600}
        parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
        token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + ".c2ln"
        credentials = self.create_client("sts").assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-deploy",
            RoleSessionName="github",
            WebIdentityToken=token,
        )["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        }

    def trusts(self, *claims: str) -> bool:
        """Return whether a workflow with these claims gets credentials."""
        try:
            self.get_credentials(*claims)
        except ClientError as error:
            if error.response["Error"]["Code"] == "AccessDenied":
                return False
            raise
        return True

    # --- The site, through the load balancer ----------------------------------------------------------

    def get(self, path: str, form: dict | None = None, **headers: str) -> Response:
        """Send a request over HTTPS to the site's host name."""
        return request_over_https(self.address, HOST, self.variables["SSL_CERT_FILE"], path, form, **headers)

    def remove(self) -> None:
        """Remove the network, its containers and the pushed images."""
        containers = docker("ps", "--all", "--quiet", "--filter", f"network={self.name}").split()
        if containers:
            docker("rm", "--force", "--volumes", *containers)
        docker("network", "rm", self.name)
        # By name: another test may use the same image under another name.
        images = docker(
            "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"{self.address}:4566/{PREFIX}"
        )
        if images:
            docker("image", "rm", "--force", *images.split(), check=False)


def build_emulator() -> None:
    """Build the emulator's image."""
    docker("build", "--tag", IMAGE, Path(__file__).with_name("images") / "ministack")


def copy_project(project: Path, folder: Path) -> Path:
    """Return a copy of the project without .env."""
    return Path(
        shutil.copytree(project, folder / "site", symlinks=True, ignore=shutil.ignore_patterns(".env"))
    )
