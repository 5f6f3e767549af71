"""The configuration for editors."""

import json
from pathlib import Path

# The extension that opens the dev container.
OUTSIDE = {"ms-vscode-remote.remote-containers"}


def test_dev_container_has_the_recommended_extensions(default_project: Path) -> None:
    """A dev container installs the extensions that VS Code recommends outside."""
    recommended = json.loads((default_project / ".vscode" / "extensions.json").read_text())["recommendations"]
    container = json.loads((default_project / ".devcontainer" / "devcontainer.json").read_text())
    inside = container["customizations"]["vscode"]["extensions"]
    assert set(recommended) - OUTSIDE == set(inside)


def test_launch_configurations_use_the_debug_port(default_project: Path) -> None:
    """The launch configurations use the debugger's default port in docker-compose.yml."""
    launch = json.loads((default_project / ".vscode" / "launch.json").read_text())
    ports = {each["connect"]["port"] for each in launch["configurations"] if each["request"] == "attach"}
    compose = (default_project / "docker-compose.yml").read_text()
    assert [f"${{DEBUG_PORT:-{port}}}:{port}" in compose for port in ports] == [True]
