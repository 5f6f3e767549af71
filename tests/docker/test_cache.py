"""Layers that an edit rebuilds, and layers that stay in the cache."""

import re
import shutil
import uuid
from pathlib import Path

import pytest

from tests.docker import engine
from tests.docker.engine import docker

UID = 4321


@pytest.fixture
def copy(project: Path, production: str, tmp_path: Path) -> Path:
    """Return a copy of the project, to be edited; the image of the original has been built."""
    return shutil.copytree(project, tmp_path / "site", symlinks=True)


def built(steps: dict[str, bool]) -> list[str]:
    """Return the steps that did not come from the cache, without Docker's own."""
    return [
        step
        for step, cached in steps.items()
        if not cached and not step.startswith(("[internal]", "[auth]")) and " FROM " not in step
    ]


def test_nothing_changed(copy: Path, build_options, tag) -> None:
    """A repeated build comes from the cache alone."""
    assert built(engine.build(copy, tag(), *build_options)) == []


def test_unwanted_files_change_nothing(copy: Path, build_options, tag) -> None:
    """Files that daily work leaves behind (caches, logs, tests) rebuild nothing."""
    for name in (".env", ".coverage", "docs/new.md", "tests/test_new.py", "apps/core/tests/test_new.py"):
        (copy / name).write_text("new")
    assert built(engine.build(copy, tag(), *build_options)) == []


def layers(image: str) -> list[str]:
    """Return the digests of an image's layers, the lowest first."""
    return docker("image", "inspect", "--format", '{{join .RootFS.Layers " "}}', image).split()


def test_python_edit(copy: Path, production: str, build_options, tag) -> None:
    """An edit of Python rebuilds the code's layer; those of packages and static files stay cached."""
    with (copy / "apps/core/views.py").open("a") as file:
        file.write(f"\n# edited {uuid.uuid4()}\n")
    edited = tag()
    steps = built(engine.build(copy, edited, *build_options))
    assert any("collectstatic" in step for step in steps)
    assert [step for step in steps if not step.startswith(("[application]", "[production]"))] == []
    assert not any("/opt/venv " in step or "COPY --chown=app static " in step for step in steps)
    *below, _ = layers(production)
    assert layers(edited)[:-1] == below


def test_style_edit(copy: Path, build_options, tag) -> None:
    """An edit of SCSS compiles the assets again and leaves the Python layers in the cache."""
    with (copy / "assets/scss/main.scss").open("a") as file:
        # As never before: the same edit would be in the cache.
        file.write(f"\n.edited-{uuid.uuid4()} {{ color: red; }}\n")
    steps = built(engine.build(copy, tag(), *build_options))
    assert [step for step in steps if "staticassets]" in step] == [
        "[staticassets] COPY assets assets",
        "[staticassets] RUN npm run build",
    ]
    first, *others = [step for step in steps if "staticassets" not in step]
    assert "collectstatic" in first
    assert all("COPY --from=application" in step for step in others)


def test_new_dependency(copy: Path, build_options, tag) -> None:
    """A new dependency alone is downloaded: the others come from the package cache."""
    dependencies = tag()
    # A user of this test alone, so that no other worker's build writes to the cache of packages.
    build_options = (*build_options, "--build-arg", f"UID={UID}")
    with (copy / "pyproject.toml").open("a") as file:
        # Installs the packages now and fills the cache, whatever was built before.
        file.write(f"# {dependencies}\n")
    engine.build(copy, dependencies, "--target", "dependencies", *build_options)
    add_to_lock(copy, dependencies, build_options, "humanize")
    before = cached_packages(dependencies, tag())
    assert len(before) > 5
    steps = built(engine.build(copy, tag(), *build_options))
    assert any("poetry install" in step for step in steps)
    assert not any("pip install" in step or "npm" in step for step in steps)
    assert before.items() <= cached_packages(dependencies, tag()).items()


# In this file, since a build without the cache empties the cache of packages.
def test_same_files_from_the_same_commit(project: Path, production: str, build_options, tag) -> None:
    """Two builds of one commit without the cache have the same files."""
    again = tag()
    engine.build(project, again, "--no-cache", *build_options)
    first, second = engine.tree(production), engine.tree(again)
    assert {path for path in first.keys() | second.keys() if first.get(path) != second.get(path)} == set()


def add_to_lock(project: Path, image: str, build_options: tuple[str, ...], package: str) -> None:
    """Add a package to pyproject.toml and poetry.lock, with the Poetry of the image built from it."""
    variables = [word.replace("--build-arg", "--env") for word in build_options]
    container = docker("create", *variables, image, "poetry", "add", "--lock", package)
    docker("start", "--attach", container)
    for name in ("pyproject.toml", "poetry.lock"):
        docker("cp", f"{container}:/app/{name}", project / name)
    docker("rm", container)


def cached_packages(image: str, tag: str) -> dict[str, str]:
    """Return the files in the cache of packages, each with the time it was written."""
    mount = f"--mount=type=cache,id=app-cache-{UID},target=/home/app/.cache,uid={UID}"
    find = "find /home/app/.cache/pypoetry/artifacts -name '*.whl' -printf 'cached %f %T@\\n'"
    # The image's new name makes the step new; --no-cache would give it an empty cache.
    dockerfile = f"FROM {image}\nRUN {mount} : {tag} && {find}\n"
    printed = docker("build", "--progress=plain", "--tag", tag, "-", input=dockerfile)
    return dict(re.findall(r" cached (\S+) (\S+)$", printed, re.MULTILINE))
