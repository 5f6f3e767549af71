"""The same answers give the same files and permissions on any machine."""

import shutil
import stat
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, Command

ORIGIN = ".copier-answers.yml"


@pytest.fixture
def template_copy(tmp_path: Path) -> Path:
    """Return a copy of the template without git, as from a zip file."""
    copy = tmp_path / "slipway"
    copy.mkdir()
    for name in ("cookiecutter.json", "hooks", "<<cookiecutter.project_slug>>"):
        source = TEMPLATE / name
        shutil.copytree(source, copy / name) if source.is_dir() else shutil.copy(source, copy)
    return copy


def test_umask(cookiecutter: Command, tmp_path: Path) -> None:
    """Two runs with different umasks give the same files, with modes 644 and 755."""
    for output, umask in (("private", 0o077), ("public", 0o022)):
        (tmp_path / output).mkdir()
        result = cookiecutter(TEMPLATE, "--no-input", "--output-dir", output, umask=umask)
        assert result.returncode == 0, result.stderr

    private = read_tree(tmp_path / "private" / "my_site")
    assert private == read_tree(tmp_path / "public" / "my_site")
    assert {mode for mode, _ in private.values()} == {0o644, 0o755}


def test_template_without_executable_bits(
    cookiecutter: Command, default_project: Path, template_copy: Path, tmp_path: Path
) -> None:
    """A template without executable bits, as from a zip file or Windows, gives the same files."""
    for path in template_copy.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o640)
    result = cookiecutter(template_copy, "--no-input")

    assert result.returncode == 0, result.stderr
    assert read_tree_without_origin(tmp_path / "my_site") == read_tree_without_origin(default_project)
    assert (tmp_path / "my_site" / "bash" / "run.sh").stat().st_mode & stat.S_IXOTH


def test_template_with_all_bits(cookiecutter: Command, template_copy: Path, tmp_path: Path) -> None:
    """A template in which every file is executable gives files with normal modes."""
    for path in template_copy.rglob("*"):
        path.chmod(0o777)
    cookiecutter(template_copy, "--no-input")

    assert stat.S_IMODE((tmp_path / "my_site" / "README.md").stat().st_mode) == 0o644


def test_without_git(cookiecutter: Command, default_project: Path, tmp_path: Path) -> None:
    """A machine without git, Docker, npm and Fabric generates the same project."""
    result = cookiecutter(TEMPLATE, "--no-input", env={"PATH": str(tmp_path)})

    assert result.returncode == 0, result.stderr
    assert read_tree_without_origin(tmp_path / "my_site") == read_tree_without_origin(default_project)


def read_tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the mode and content of each file and folder, by path."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.stat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [folder, *folder.rglob("*")]
    }


def read_tree_without_origin(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the same without the file that records the template's URL and version."""
    return {path: node for path, node in read_tree(folder).items() if path != ORIGIN}
