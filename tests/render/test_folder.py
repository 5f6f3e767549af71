"""The folder that the project is to go into: existing, full, or in use."""

import stat
from pathlib import Path

from tests.conftest import TEMPLATE, Command


def test_existing_folder(cookiecutter: Command, tmp_path: Path) -> None:
    """An existing folder is left unchanged."""
    work = tmp_path / "my_site" / "work.txt"
    work.parent.mkdir()
    work.write_text("Weeks of it")
    result = cookiecutter(TEMPLATE, "--no-input")

    assert result.returncode == 1
    assert [path.name for path in work.parent.iterdir()] == ["work.txt"]


def test_file_in_the_way(cookiecutter: Command, tmp_path: Path) -> None:
    """A file of the project's name is left unchanged too."""
    file = tmp_path / "my_site"
    file.write_text("Weeks of it")
    result = cookiecutter(TEMPLATE, "--no-input")

    assert result.returncode == 1
    assert file.read_text() == "Weeks of it"


def test_folder_that_cannot_be_written(cookiecutter: Command, tmp_path: Path) -> None:
    """If the folder cannot be created, nothing is."""
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    result = cookiecutter(TEMPLATE, "--no-input", "--output-dir", blocked / "out")

    assert result.returncode == 1


def test_bad_answers_over_an_existing_project(cookiecutter: Command, tmp_path: Path) -> None:
    """A refused answer does not delete a project that is to be overwritten."""
    cookiecutter(TEMPLATE, "--no-input")
    result = cookiecutter(TEMPLATE, "--no-input", "--overwrite-if-exists", "author=Ada")

    assert result.returncode == 1
    assert (tmp_path / "my_site" / "manage.py").exists()


def test_overwriting_leaves_other_files(cookiecutter: Command, tmp_path: Path) -> None:
    """With --overwrite-if-exists what the template does not have keeps its contents and permissions."""
    cookiecutter(TEMPLATE, "--no-input")
    secrets = tmp_path / "my_site" / ".env"
    secrets.write_text("SECRET_KEY=x")
    secrets.chmod(0o600)
    result = cookiecutter(TEMPLATE, "--no-input", "--overwrite-if-exists")

    assert result.returncode == 0, result.stderr
    assert secrets.read_text() == "SECRET_KEY=x"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
