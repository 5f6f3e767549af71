"""The AWS account of an environment: its clients, and messages for their errors."""

import functools
import os
from collections.abc import Callable
from typing import Any

import fabric
from invoke.exceptions import Exit

from fabfile.aws import environment
from fabfile.aws.environment import Environment

# Errors about credentials, by their names in botocore and AWS.
NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}
EXPIRED = {
    *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRetrievalError"),
    *("SSOTokenLoadError", "UnauthorizedSSOTokenError"),
}
INVALID = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"}
SIGN_IN = "aws sso login, or set AWS_PROFILE: https://docs.aws.amazon.com/cli/latest/userguide/"


class Account:
    """The clients of AWS services; each is created on first use."""

    def __init__(self, name: str) -> None:
        """Read the environment's file and sign in.

        Raises Exit if boto3 is missing or the credentials belong to another account.
        """
        self.environment = environment.read(name)
        try:
            import boto3
        except ImportError:
            raise Exit(
                "boto3 is not installed with Fabric. Type: pipx inject fabric boto3"
                " (or: uv tool install fabric --with boto3)"
            ) from None
        if not self.environment.region:
            raise Exit(f'{self.environment.file} has no region, such as region = "eu-west-2".')
        self.session = boto3.Session(region_name=self.environment.region)
        account = self.sts.get_caller_identity()["Account"]
        validate_account(self.environment, account)

    def __getattr__(self, service: str) -> Any:
        """Return the client of a service by its name in boto3: `iam`, `ecs` and so on."""
        client = self.session.client(service)
        setattr(self, service, client)
        return client

    @property
    def prefix(self) -> str:
        """The prefix of all resources' names; also the cluster's and the repository's name."""
        return self.environment.prefix

    @property
    def log(self) -> str:
        """The name of the log."""
        return f"/{self.prefix}"


def validate_account(environment: Environment, account: str) -> None:
    """Raise Exit if the credentials' account is not the one that the environment's file names."""
    if not environment.account:
        raise Exit(
            f"{environment.file} has no account. Your credentials belong to {account}:"
            f' if that is the one, add account = "{account}"'
        )
    if account != environment.account:
        profile = os.environ.get("AWS_PROFILE", "")
        raise Exit(
            f"{environment.name} is in account {environment.account}, but your credentials"
            f"{' (AWS_PROFILE=' + profile + ')' if profile else ''} belong to {account}."
        )


def task(*arguments: Any, **options: Any) -> Any:
    """Declare a Fabric task that reports AWS errors in one line."""

    def decorator(function: Callable[..., None]) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> None:
            try:
                function(*args, **kwargs)
            except Exception as error:
                if not type(error).__module__.startswith(("botocore", "boto3")):
                    raise
                raise Exit(describe_error(error)) from None

        return fabric.task(*arguments, **options)(wrapper)

    return decorator


def describe_error(error: Exception) -> str:
    """Describe a botocore error in one line, with what to do."""
    details = getattr(error, "response", {}).get("Error", {})
    name = details.get("Code") or type(error).__name__
    if name in NO_CREDENTIALS:
        return f"There are no AWS credentials. Type: {SIGN_IN}"
    if name in EXPIRED:
        return f"Your AWS credentials have expired. Type: {SIGN_IN}"
    if name in INVALID:
        return f"AWS rejects your credentials. Type: {SIGN_IN}"
    if name == "ProfileNotFound":
        return f"{error}: see `aws configure list-profiles`."
    if name in {"EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError"}:
        return f"AWS does not respond: check the network. {error}"
    operation = getattr(error, "operation_name", "")
    return f"AWS refused {operation or 'that'}: {details.get('Message') or error} ({name})"


def get_error_code(error: Exception) -> str:
    """Return the AWS code of an error, or "" if it is not from AWS."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
