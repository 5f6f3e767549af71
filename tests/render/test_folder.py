"""The output folder: it exists, or cannot be created."""

import stat
from pathlib import Path

from tests.conftest import TEMPLATE, Command


def test_existing_folder(cookiecutter: Command, tmp_path: Path) -> None:
    """Generation does not change an existing folder."""
    work = tmp_path / "my_site" / "work.txt"
    work.parent.mkdir()
    work.write_text("Weeks of it")
    result = cookiecutter(TEMPLATE, "--no-input")

    assert result.returncode == 1
    assert [path.name for path in work.parent.iterdir()] == ["work.txt"]


def test_existing_file(cookiecutter: Command, tmp_path: Path) -> None:
    """Generation does not change an existing file with the project's name."""
    file = tmp_path / "my_site"
    file.write_text("Weeks of it")
    result = cookiecutter(TEMPLATE, "--no-input")

    assert result.returncode == 1
    assert file.read_text() == "Weeks of it"


def test_folder_that_cannot_be_created(cookiecutter: Command, tmp_path: Path) -> None:
    """If the output folder cannot be created, generation fails."""
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    result = cookiecutter(TEMPLATE, "--no-input", "--output-dir", blocked / "out")

    assert result.returncode == 1


def test_invalid_answer_for_an_existing_project(cookiecutter: Command, tmp_path: Path) -> None:
    """With --overwrite-if-exists, an invalid answer does not delete the existing project."""
    cookiecutter(TEMPLATE, "--no-input")
    result = cookiecutter(TEMPLATE, "--no-input", "--overwrite-if-exists", "author=Ada")

    assert result.returncode == 1
    assert (tmp_path / "my_site" / "manage.py").exists()


def test_overwriting_keeps_other_files(cookiecutter: Command, tmp_path: Path) -> None:
    """With --overwrite-if-exists, files that are not in the template keep their content and permissions."""
    cookiecutter(TEMPLATE, "--no-input")
    secrets = tmp_path / "my_site" / ".env"
    secrets.write_text("SECRET_KEY=x")
    secrets.chmod(0o600)
    result = cookiecutter(TEMPLATE, "--no-input", "--overwrite-if-exists")

    assert result.returncode == 0, result.stderr
    assert secrets.read_text() == "SECRET_KEY=x"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
