"""The files for editors."""

import json
from pathlib import Path

# It opens the dev container, so it has no use inside.
OUTSIDE = {"ms-vscode-remote.remote-containers"}


def test_extensions_are_the_same_inside_and_outside(default_project: Path) -> None:
    """A dev container installs what VS Code recommends otherwise."""
    recommended = json.loads((default_project / ".vscode" / "extensions.json").read_text())["recommendations"]
    container = json.loads((default_project / ".devcontainer" / "devcontainer.json").read_text())
    inside = container["customizations"]["vscode"]["extensions"]
    assert set(recommended) - OUTSIDE == set(inside)


def test_an_editor_attaches_where_the_site_listens(default_project: Path) -> None:
    """The launch configurations name the port that docker-compose.yml publishes by default."""
    launch = json.loads((default_project / ".vscode" / "launch.json").read_text())
    ports = {each["connect"]["port"] for each in launch["configurations"] if each["request"] == "attach"}
    compose = (default_project / "docker-compose.yml").read_text()
    assert [f"${{DEBUG_PORT:-{port}}}:{port}" in compose for port in ports] == [True]
