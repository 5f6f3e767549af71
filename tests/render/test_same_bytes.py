"""The same answers give the same tree: byte for byte, permission for permission, on any machine."""

import shutil
import stat
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, Command

ORIGIN = ".copier-answers.yml"


@pytest.fixture
def template_copy(tmp_path: Path) -> Path:
    """Return a copy of the template that is no git checkout, as from a zip."""
    copy = tmp_path / "slipway"
    copy.mkdir()
    for name in ("cookiecutter.json", "hooks", "<<cookiecutter.project_slug>>"):
        source = TEMPLATE / name
        shutil.copytree(source, copy / name) if source.is_dir() else shutil.copy(source, copy)
    return copy


def test_twice(cookiecutter: Command, tmp_path: Path) -> None:
    """Two runs under different umasks give the same tree, with plain modes."""
    for output, umask in (("private", 0o077), ("public", 0o022)):
        (tmp_path / output).mkdir()
        result = cookiecutter(TEMPLATE, "--no-input", "--output-dir", output, umask=umask)
        assert result.returncode == 0, result.stderr

    private = tree(tmp_path / "private" / "my_site")
    assert private == tree(tmp_path / "public" / "my_site")
    assert {mode for mode, _ in private.values()} == {0o644, 0o755}


def test_permissions_lost(
    cookiecutter: Command, default_project: Path, template_copy: Path, tmp_path: Path
) -> None:
    """A checkout without executable bits, as from a zip or a Windows share, gives the same tree."""
    for path in template_copy.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o640)
    result = cookiecutter(template_copy, "--no-input")

    assert result.returncode == 0, result.stderr
    assert without_origin(tmp_path / "my_site") == without_origin(default_project)
    assert (tmp_path / "my_site" / "bash" / "run.sh").stat().st_mode & stat.S_IXOTH


def test_permissions_too_many(cookiecutter: Command, template_copy: Path, tmp_path: Path) -> None:
    """A checkout on a file system where everything is executable gives plain modes too."""
    for path in template_copy.rglob("*"):
        path.chmod(0o777)
    cookiecutter(template_copy, "--no-input")

    assert stat.S_IMODE((tmp_path / "my_site" / "README.md").stat().st_mode) == 0o644


def test_without_git(cookiecutter: Command, default_project: Path, tmp_path: Path) -> None:
    """A machine without git, Docker, npm or Fabric generates the same project."""
    result = cookiecutter(TEMPLATE, "--no-input", env={"PATH": str(tmp_path)})

    assert result.returncode == 0, result.stderr
    assert without_origin(tmp_path / "my_site") == without_origin(default_project)


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the mode and the contents of everything in the folder, and of the folder."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.stat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [folder, *folder.rglob("*")]
    }


def without_origin(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the tree without the file that names the template's address and version."""
    return {path: node for path, node in tree(folder).items() if path != ORIGIN}
