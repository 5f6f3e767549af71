"""The site accepts the variables that deploy/aws/ gives to the containers."""

import json
import re

import pytest
from config.environment import BASE_DIR, VARIABLES, read

from tests.inside.conftest import Environment

TEMPLATE = (BASE_DIR / "deploy" / "aws" / "service.yaml").read_text(encoding="utf-8")
BASE = (BASE_DIR / "deploy" / "aws" / "base.yaml").read_text(encoding="utf-8")
# The site, and the worker if there is one.
CONTAINERS = TEMPLATE.split("  WorkerTask:")
NAMES = ["web", "worker"][: len(CONTAINERS)]
DEFAULTS = {variable.name: variable.default for variable in VARIABLES}
# What a container gets is written - {Name: NAME, Value: ...}, or on two lines.
NAME = re.compile(r"^ +- (?:\{)?Name: ([A-Z_]+)\b", re.MULTILINE)
CONSTANT = re.compile(r"\{Name: ([A-Z_]+), Value: \"?(\w+)\"?\}")
SECRET = re.compile(r"\{Name: ([A-Z_]+), ValueFrom: !Sub \"\$\{SiteSecrets\}:([A-Z_]+)::\"\}")


@pytest.mark.parametrize("container", CONTAINERS, ids=NAMES)
def test_containers_get_required_and_no_unknown_variables(container: str) -> None:
    """A container on AWS gets all required variables and no unknown one."""
    names = NAME.findall(container)
    assert len(names) == len(set(names))
    assert set(names) <= DEFAULTS.keys()
    assert {variable.name for variable in VARIABLES if variable.required} <= set(names)


def test_all_containers_get_the_same() -> None:
    """All containers get the same variables."""
    assert len({tuple(NAME.findall(container)) for container in CONTAINERS}) == 1


@pytest.mark.parametrize("container", CONTAINERS, ids=NAMES)
def test_the_values_are_accepted(production: Environment, container: str) -> None:
    """The site accepts the values that the containers get."""
    variables = dict(CONSTANT.findall(container))
    assert {"RUN_MIGRATIONS", "TRUST_PROXY"} <= variables.keys()
    production.update(variables)
    values = read()
    assert values["TRUST_PROXY"]
    assert not values["RUN_MIGRATIONS"]


def test_every_secret_has_the_name_of_its_variable() -> None:
    """Each secret is stored under the name of its variable."""
    secrets = SECRET.findall(CONTAINERS[0])
    assert secrets
    assert all(name == key for name, key in secrets)
    [template] = re.findall(r"SecretStringTemplate: '(.*)'", BASE)
    kept = set(re.findall(r'"([A-Z_]+)":', template)) | {"SECRET_KEY"}
    assert {name for name, _ in secrets} == kept


@pytest.mark.parametrize("container", CONTAINERS, ids=NAMES)
def test_the_stop_timeout_is_longer_than_the_sites(container: str) -> None:
    """A container may take longer to stop than the site does."""
    [seconds] = re.findall(r"StopTimeout: (\d+)", container)
    assert int(seconds) > DEFAULTS["DRAIN_SECONDS"] + DEFAULTS["GRACEFUL_TIMEOUT_SECONDS"]


def test_the_workers_health_check_is_the_images() -> None:
    """The worker's health check is the image's."""
    dockerfile = (BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    [command] = re.findall(r"HEALTHCHECK.*\\\n +CMD (\[.*\])", dockerfile)
    assert all(f"[CMD, {', '.join(json.loads(command))}]" in worker for worker in CONTAINERS[1:])
