"""The site's secrets on AWS: one secret, a JSON object of variables."""

import getpass
import json
import sys

from invoke.context import Context
from invoke.exceptions import Exit

from fabfile.aws import release, stacks
from fabfile.aws.account import Account, task
from fabfile.aws.release import HELP


<% if cookiecutter.__with_allauth == "yes" %>
@task(help={**HELP, "name": "Such as EMAIL_URL, SENTRY_DSN, SECRET_KEY or GOOGLE_CLIENT_ID"})
<% else %>
@task(help={**HELP, "name": "EMAIL_URL, SENTRY_DSN, CACHE_URL or SECRET_KEY"})
<% endif %>
def secret(c: Context, name: str, environment: str = "") -> None:
    """Set one of the site's secrets; ask for its value.

    Reads the value from standard input if that is not a terminal.
    """
    aws = Account(environment)
    arn = find_secret(aws)
    values = read(aws, arn)
    if name not in values:
        raise Exit(
            f"There is no secret {name}. The existing ones are: {', '.join(sorted(values))}."
        )
    write(aws, arn, {**values, name: read_value(name)})
    if not stacks.describe(aws, "service"):
        return
    print("Running containers keep the old value until they are restarted.")
    if sys.stdin.isatty() and input("Restart them now? [y/N] ").strip().lower() == "y":
        release.restart(aws)
    else:
        print(f"To restart them later: fab aws.restart -e {aws.environment.name}")


def find_secret(aws: Account) -> str:
    """Return the secret's ARN."""
    return stacks.outputs(stacks.require(aws, "base"))["SiteSecrets"]


def read(aws: Account, arn: str) -> dict[str, str]:
    """Return the variables in the secret."""
    values: dict[str, str] = json.loads(
        aws.secretsmanager.get_secret_value(SecretId=arn)["SecretString"]
    )
    return values


def write(aws: Account, arn: str, values: dict[str, str]) -> None:
    """Save these variables; AWS keeps the earlier version as AWSPREVIOUS for a while."""
    aws.secretsmanager.put_secret_value(SecretId=arn, SecretString=json.dumps(values))
    print("Saved.")


def read_value(name: str) -> str:
    """Read a value, hidden in a terminal or from standard input; raise Exit if it is empty."""
    value = getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.read()
    if not value.strip():
        raise Exit(f"The value of {name} is empty. Nothing was changed.")
    return value.strip()


def require_mail(aws: Account) -> None:
    """Ask for the mail server if it is not set: the site does not start without it.

    Raises Exit with the command to type if there is no terminal.
    """
    arn = find_secret(aws)
    values = read(aws, arn)
    if values["EMAIL_URL"]:
        return
    if not sys.stdin.isatty():
        raise Exit(
            "The site needs a mail server. Type: echo smtp://USER:PASSWORD@HOST:587 |"
            f" fab aws.secret EMAIL_URL -e {aws.environment.name} (console:// only logs mail)"
        )
    print("The site's mail server, such as smtp://USER:PASSWORD@HOST:587 (console:// only logs it)")
    write(aws, arn, {**values, "EMAIL_URL": read_value("EMAIL_URL")})
