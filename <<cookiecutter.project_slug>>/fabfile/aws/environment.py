"""An environment on AWS: its file deploy/aws/NAME.toml, and the names of its resources."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoke.exceptions import Exit

from fabfile.env import PROJECT

FOLDER = PROJECT / "deploy" / "aws"
STACKS = ("bootstrap", "base", "service")


@dataclass(frozen=True)
class Environment:
    """The content of an environment's file; `parameters` are those of each stack."""

    name: str
    account: str
    region: str
    parameters: dict[str, dict[str, str]]

    @property
    def prefix(self) -> str:
        """The prefix of all its resources' names: the site's name and the environment's."""
        content = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
        return f"{content['tool']['deploy']['name'].replace('_', '-')}-{self.name}"

    @property
    def file(self) -> str:
        """The file's path in the project."""
        return f"deploy/aws/{self.name}.toml"

    def stack(self, kind: str) -> str:
        """Return the name of a stack: bootstrap, base or service."""
        return f"{self.prefix}-{kind}"


def read(name: str) -> Environment:
    """Return the environment called `name`, or the only one if `name` is empty.

    Raises Exit if it does not exist or its file is invalid.
    """
    names = sorted(file.stem for file in FOLDER.glob("*.toml"))
    if not name and len(names) == 1:
        name = names[0]
    if name not in names:
        raise Exit(
            f"{'There is no environment ' + name if name else 'Name the environment'}:"
            f" --environment {' or '.join(names)} (the files deploy/aws/*.toml)."
        )
    file = FOLDER / f"{name}.toml"
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Exit(f"deploy/aws/{name}.toml cannot be read: {error}") from None
    unknown = data.keys() - {"account", "region", *STACKS}
    if unknown:
        raise Exit(f"deploy/aws/{name}.toml: unknown names: {', '.join(sorted(unknown))}.")
    parameters = {kind: to_strings(data.get(kind, {})) for kind in STACKS}
    return Environment(name, str(data.get("account", "")), str(data.get("region", "")), parameters)


def to_strings(values: dict[str, Any]) -> dict[str, str]:
    """Return the values in CloudFormation's format."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
    }


def read_template(kind: str) -> str:
    """Return the template of a stack."""
    return Path(FOLDER / f"{kind}.yaml").read_text(encoding="utf-8")
