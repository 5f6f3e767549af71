"""CloudFormation templates, checked by linters; API calls of the tasks, checked against Amazon's model."""

import ast
import json
import re
import shutil
import subprocess
import tempfile
import tomllib
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore import xform_name
from cookiecutter.main import cookiecutter

from tests.conftest import TEMPLATE, Bake, make_once

# A project with deployment to AWS; its files are read when the tests are collected.
FOLDER = tempfile.TemporaryDirectory()
PROJECT = Path(
    cookiecutter(
        str(TEMPLATE),
        no_input=True,
        extra_context={"deploy": "aws", "tasks": "database"},
        accept_hooks=False,
        default_config=True,
        output_dir=FOLDER.name,
    )
)
DEPLOY = PROJECT / "deploy" / "aws"
TASKS = PROJECT / "fabfile" / "aws"
# checkov needs an old botocore, so each linter has its own virtual environment.
LINTERS = {"cfn-lint": "cfn-lint==1.58.0", "checkov": "checkov==3.3.30"}
KINDS = ("bootstrap", "base", "service")
# boto3's services whose permissions have another prefix.
IAM_PREFIXES = {"elbv2": "elasticloadbalancing"}
# Calls that only an administrator makes, or that need no permission.
FILES_OF_ADMINISTRATORS = {"infrastructure.py", "secrets.py"}
CALLS_OF_ADMINISTRATORS = {
    *("cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet"),
    *("cloudformation:DeleteChangeSet", "cloudformation:DeleteStack", "cloudformation:ExecuteChangeSet"),
    *("ecs:ExecuteCommand", "sts:GetCallerIdentity"),
}


class CloudFormationLoader(yaml.SafeLoader):
    """A loader that reads !Ref X as {"Ref": "X"}, and so on."""


def build_function(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    """Return a function of CloudFormation in its long form."""
    node_type = {yaml.ScalarNode: "scalar", yaml.SequenceNode: "sequence", yaml.MappingNode: "mapping"}[
        type(node)
    ]
    options = {} if node_type == "scalar" else {"deep": True}
    value = getattr(loader, f"construct_{node_type}")(node, **options)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


CloudFormationLoader.add_multi_constructor("!", build_function)


def read_template(kind: str) -> dict[str, Any]:
    """Return a template."""
    return yaml.load((DEPLOY / f"{kind}.yaml").read_text(encoding="utf-8"), Loader=CloudFormationLoader)


BOOTSTRAP, BASE, SERVICE = (read_template(kind) for kind in KINDS)
WEB, WORKER = (
    SERVICE["Resources"][name]["Properties"]["ContainerDefinitions"][0] for name in ("WebTask", "WorkerTask")
)


@pytest.fixture(scope="session")
def linters() -> dict[str, Path]:
    """Return the linters' paths, each in a virtual environment cached in .cache."""

    def install(package: str, folder: Path) -> None:
        venv.create(folder / "venv", with_pip=True)
        pip = [folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", package]
        subprocess.run(pip, check=True)

    return {
        name: make_once(package.replace("==", "-"), lambda folder, package=package: install(package, folder))
        / "venv"
        / "bin"
        / name
        for name, package in LINTERS.items()
    }


@pytest.mark.parametrize("tasks", ["none", "database"])
def test_templates_pass_cfn_lint(tasks: str, linters: dict[str, Path], bake_once: Bake) -> None:
    """The CloudFormation templates pass cfn-lint, with and without a worker."""
    files = [f"{kind}.yaml" for kind in KINDS]
    folder = bake_once(deploy="aws", tasks=tasks) / "deploy" / "aws"
    result = subprocess.run([linters["cfn-lint"], *files], capture_output=True, text=True, cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr


def test_checkov_finds_only_listed_exceptions(linters: dict[str, Path], tmp_path: Path) -> None:
    """Checkov finds only the exceptions listed in .checkov.yaml."""
    for kind in KINDS:
        shutil.copy(DEPLOY / f"{kind}.yaml", tmp_path)
    options = ["--skip-download", "--framework", "cloudformation", "--output", "json"]
    result = subprocess.run(
        [linters["checkov"], *options, "--directory", tmp_path], capture_output=True, text=True
    )
    report = json.loads(result.stdout)
    assert report["summary"]["parsing_errors"] == 0
    skipped = re.findall(r"^  - (CKV_\w+)", (DEPLOY / ".checkov.yaml").read_text(), re.MULTILINE)
    assert {each["check_id"] for each in report["results"]["failed_checks"]} == set(skipped)


# --- Consistency of the files ------------------------------------------------------------------


def test_ports_and_names_match_the_image() -> None:
    """On AWS, ports and container names match the image and the tasks."""
    [port] = re.findall(r"^EXPOSE (\d+)$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    resources = SERVICE["Resources"]
    [balanced] = resources["Web"]["Properties"]["LoadBalancers"]
    [rule] = BASE["Resources"]["SiteGroup"]["Properties"]["SecurityGroupIngress"]
    ports = {
        balanced["ContainerPort"],
        resources["Targets"]["Properties"]["Port"],
        WEB["PortMappings"][0]["ContainerPort"],
        rule["FromPort"],
        rule["ToPort"],
    }
    assert ports == {int(port)}
    names = {balanced["ContainerName"], WEB["Name"], WORKER["Name"]}
    assert names == {read_constant("command.py", "CONTAINER")}


def test_health_check_is_a_path_of_the_site() -> None:
    """The load balancer's health check needs neither the database nor a particular host name."""
    path = SERVICE["Resources"]["Targets"]["Properties"]["HealthCheckPath"]
    middleware = (PROJECT / "apps" / "core" / "middleware.py").read_text()
    assert f'case "{path}":' in middleware
    assert path != "/readyz"


def test_commands_are_in_the_image() -> None:
    """Each container on AWS starts a script that the Dockerfile copies."""
    copied = re.search(r"^COPY .*bash/run\.sh.*$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    for container in (WEB, WORKER):
        [command] = container["Command"]
        assert command.removeprefix("/app/") in copied[0].split()


def test_containers_have_least_privilege() -> None:
    """Containers on AWS have a read-only disk, no capabilities, and no access keys."""
    for container in (WEB, WORKER):
        assert container["ReadonlyRootFilesystem"] is True
        assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
        assert [each["ContainerPath"] for each in container["LinuxParameters"]["Tmpfs"]] == ["/tmp"]
    files = [*DEPLOY.iterdir(), *TASKS.glob("*.py"), *PROJECT.glob(".github/workflows/*")]
    keys = re.compile(r"AKIA|aws[_-]access[_-]key|aws[_-]secret", re.IGNORECASE)
    assert not [file for file in files if keys.search(file.read_text())]


def test_services_have_the_names_that_the_tasks_use() -> None:
    """The tasks use the names of the services and task definitions in the template."""
    resources = SERVICE["Resources"]
    services = {
        each["Properties"]["ServiceName"]: each["Properties"]["TaskDefinition"]["Ref"]
        for each in resources.values()
        if each["Type"] == "AWS::ECS::Service"
    }
    assert services == read_constant("rolling.py", "SERVICES")


def test_outputs_of_base_are_parameters_of_service() -> None:
    """The outputs of base.yaml are the parameters of service.yaml that have no default."""
    set_by_tasks = {"Prefix", "Environment", "ImageUri"}
    required = {name for name, parameter in SERVICE["Parameters"].items() if "Default" not in parameter}
    assert required - set_by_tasks == BASE["Outputs"].keys()


@pytest.mark.parametrize("name", ["staging", "production"])
def test_environments_set_existing_parameters(name: str) -> None:
    """An environment's file sets only existing parameters, and each parameter has a description."""
    file = tomllib.loads((DEPLOY / f"{name}.toml").read_text())
    for kind, template in (("bootstrap", BOOTSTRAP), ("base", BASE), ("service", SERVICE)):
        assert file[kind].keys() <= template["Parameters"].keys()
        assert all(parameter["Description"] for parameter in template["Parameters"].values())


# --- Calls ----------------------------------------------------------------------------------------


def read_constant(file: str, name: str) -> Any:
    """Return the value of a constant in a file of the tasks."""
    for node in ast.parse((TASKS / file).read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return ast.literal_eval(node.value)
    raise AssertionError(name)


def find_calls() -> Iterator[tuple[str, str, str, list[str], bool]]:
    """Yield each AWS API call: file, service, method, parameter names, and whether more may follow."""
    for file in sorted(TASKS.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        attr=method,
                        value=ast.Attribute(
                            attr=service, value=ast.Name("aws" | "self") | ast.Attribute(attr="aws")
                        ),
                    )
                ) if service in botocore.session.get_session().get_available_services():
                    names = [keyword.arg for keyword in node.keywords]
                    if method == "get_paginator":
                        yield file.name, service, ast.literal_eval(node.args[0]), [], True
                    else:
                        yield file.name, service, method, [n for n in names if n], None in names


CALLS = list(find_calls())


def find_operation(service: str, method: str) -> Any:
    """Return Amazon's model of a method of a boto3 client; fail if there is none."""
    model = botocore.session.get_session().get_service_model(service)
    [name] = [each for each in model.operation_names if xform_name(each) == method]
    return model.operation_model(name)


@pytest.mark.parametrize(
    ("service", "method", "names", "more"),
    [call[1:] for call in CALLS],
    ids=[f"{file}-{service}.{method}" for file, service, method, *_ in CALLS],
)
def test_call_exists(service: str, method: str, names: list[str], more: bool) -> None:
    """Each AWS API call uses an existing operation with its required and existing parameters."""
    shape = find_operation(service, method).input_shape
    assert set(names) <= set(shape.members if shape else ())
    if not more and shape:
        assert set(shape.required_members) <= set(names)


def test_calls_were_found() -> None:
    """The tests find the AWS API calls of the tasks."""
    assert len(CALLS) > 35
    assert {"cloudformation", "ecs", "ecr", "logs"} <= {call[1] for call in CALLS}


def test_role_of_the_workflow_has_the_permissions_of_the_tasks() -> None:
    """The workflow's role has the permissions for the tasks' API calls, and few others."""
    policy = BOOTSTRAP["Resources"]["DeployRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    permissions = set()
    for statement in policy["Statement"]:
        actions = statement["Action"]
        permissions.update([actions] if isinstance(actions, str) else actions)
    needed = {
        f"{IAM_PREFIXES.get(service, service)}:{find_operation(service, method).name}"
        for file, service, method, *_ in CALLS
        if file not in FILES_OF_ADMINISTRATORS
    } - CALLS_OF_ADMINISTRATORS
    assert needed <= permissions
    # The other permissions are for Docker, and for CloudFormation, which uses the caller's permissions.
    others = permissions - needed
    assert {permission for permission in others if not permission.startswith("ecr:")} == {
        *("ecs:DescribeServiceDeployments", "ecs:ListServiceDeployments", "ecs:ListTagsForResource"),
        *("ecs:TagResource", "ecs:UntagResource", "iam:GetRole", "iam:PassRole"),
    }
    assert not [permission for permission in permissions if "*" in permission]
