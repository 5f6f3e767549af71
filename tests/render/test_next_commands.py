"""The output after generation: the commands that start the site."""

from pathlib import Path

from tests.conftest import TEMPLATE, Command


def test_commands(cookiecutter: Command) -> None:
    """The output ends with the commands to enter the project, install Fabric and start the site."""
    output = cookiecutter(TEMPLATE, "--no-input").stdout
    commands = [line.strip() for line in output.splitlines() if line.startswith("  ")]
    assert commands == ["cd my_site", "pipx install fabric", "fab build", "fab start"]


def test_output_folder_is_quoted(cookiecutter: Command) -> None:
    """The printed commands quote the project's path for the shell."""
    output = cookiecutter(TEMPLATE, "--no-input", "--output-dir", "my sites").stdout
    assert "cd 'my sites/my_site'" in output


def test_output_folder_elsewhere(cookiecutter: Command, tmp_path: Path) -> None:
    """The printed commands use the absolute path of a folder outside the working directory."""
    working_directory = tmp_path / "here"
    working_directory.mkdir()
    output = cookiecutter(
        TEMPLATE, "--no-input", "--output-dir", tmp_path / "there", cwd=working_directory
    ).stdout
    assert f"cd {tmp_path / 'there' / 'my_site'}" in output
