"""The variables that deploy/aws/ passes to the containers are valid."""

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
# A container's variable is written as - {Name: NAME, Value: ...}, or on two lines.
NAME = re.compile(r"^ +- (?:\{)?Name: ([A-Z_]+)\b", re.MULTILINE)
CONSTANT = re.compile(r"\{Name: ([A-Z_]+), Value: \"?(\w+)\"?\}")
SECRET = re.compile(r"\{Name: ([A-Z_]+), ValueFrom: !Sub \"\$\{SiteSecrets\}:([A-Z_]+)::\"\}")


@pytest.mark.parametrize("container", CONTAINERS, ids=NAMES)
def test_containers_get_required_and_no_unknown_variables(container: str) -> None:
    """Each container on AWS gets all required variables and no unknown one."""
    names = NAME.findall(container)
    assert len(names) == len(set(names))
    assert set(names) <= DEFAULTS.keys()
    assert {variable.name for variable in VARIABLES if variable.required} <= set(names)


def test_all_containers_get_the_same_variables() -> None:
    """All containers on AWS get the same variables."""
    assert len({tuple(NAME.findall(container)) for container in CONTAINERS}) == 1


@pytest.mark.parametrize("container", CONTAINERS, ids=NAMES)
def test_values_are_valid(production: Environment, container: str) -> None:
    """The site accepts the values that the containers on AWS get."""
    variables = dict(CONSTANT.findall(container))
    assert {"RUN_MIGRATIONS", "TRUST_PROXY"} <= variables.keys()
    production.update(variables)
    values = read()
    assert values["TRUST_PROXY"]
    assert not values["RUN_MIGRATIONS"]


def test_secrets_have_the_names_of_their_variables() -> None:
    """On AWS each secret is stored under the name of its variable."""
    secrets = SECRET.findall(CONTAINERS[0])
    assert secrets
    assert all(name == key for name, key in secrets)
    [template] = re.findall(r"SecretStringTemplate: '(.*)'", BASE)
    stored = set(re.findall(r'"([A-Z_]+)":', template)) | {"SECRET_KEY"}
    assert {name for name, _ in secrets} == stored


@pytest.mark.parametrize("container", CONTAINERS, ids=NAMES)
def test_stop_timeout_is_long_enough(container: str) -> None:
    """ECS waits longer for a container to stop than the site takes to shut down."""
    [seconds] = re.findall(r"StopTimeout: (\d+)", container)
    assert int(seconds) > DEFAULTS["DRAIN_SECONDS"] + DEFAULTS["GRACEFUL_TIMEOUT_SECONDS"]


def test_worker_uses_the_images_health_check() -> None:
    """On ECS the worker's health check is the image's."""
    dockerfile = (BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    [command] = re.findall(r"HEALTHCHECK.*\\\n +CMD (\[.*\])", dockerfile)
    assert all(f"[CMD, {', '.join(json.loads(command))}]" in worker for worker in CONTAINERS[1:])
