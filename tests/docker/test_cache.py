"""The layers that an edit rebuilds, and the layers that stay cached."""

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
    """Return a copy of the project to edit, whose image has been built."""
    return shutil.copytree(project, tmp_path / "site", symlinks=True)


def list_built_steps(steps: dict[str, bool]) -> list[str]:
    """Return the steps that were not cached, except Docker's own."""
    return [
        step
        for step, cached in steps.items()
        if not cached and not step.startswith(("[internal]", "[auth]")) and " FROM " not in step
    ]


def test_repeated_build(copy: Path, build_options, tag) -> None:
    """Every step of a repeated build is cached."""
    assert list_built_steps(engine.build(copy, tag(), *build_options)) == []


def test_unwanted_files_rebuild_nothing(copy: Path, build_options, tag) -> None:
    """Files of daily work, such as caches, logs and tests, rebuild no layer."""
    for name in (".env", ".coverage", "docs/new.md", "tests/test_new.py", "apps/core/tests/test_new.py"):
        (copy / name).write_text("new")
    assert list_built_steps(engine.build(copy, tag(), *build_options)) == []


def list_layers(image: str) -> list[str]:
    """Return the digests of an image's layers, the lowest first."""
    return docker("image", "inspect", "--format", '{{join .RootFS.Layers " "}}', image).split()


def test_python_edit(copy: Path, production: str, build_options, tag) -> None:
    """An edit of Python rebuilds the code's layer; the layers of packages and static files stay cached."""
    with (copy / "apps/core/views.py").open("a") as file:
        file.write(f"\n# edited {uuid.uuid4()}\n")
    image = tag()
    steps = list_built_steps(engine.build(copy, image, *build_options))
    assert any("collectstatic" in step for step in steps)
    assert [step for step in steps if not step.startswith(("[application]", "[production]"))] == []
    assert not any("/opt/venv " in step or "COPY --chown=app static " in step for step in steps)
    *lower_layers, _ = list_layers(production)
    assert list_layers(image)[:-1] == lower_layers


def test_style_edit(copy: Path, build_options, tag) -> None:
    """An edit of SCSS rebuilds the assets; the layers of Python packages stay cached."""
    with (copy / "assets/scss/main.scss").open("a") as file:
        # A unique edit, which no earlier build has cached.
        file.write(f"\n.edited-{uuid.uuid4()} {{ color: red; }}\n")
    steps = list_built_steps(engine.build(copy, tag(), *build_options))
    assert [step for step in steps if "staticassets]" in step] == [
        "[staticassets] COPY assets assets",
        "[staticassets] RUN npm run build",
    ]
    first, *others = [step for step in steps if "staticassets" not in step]
    assert "collectstatic" in first
    assert all("COPY --from=application" in step for step in others)


def test_new_dependency(copy: Path, build_options, tag) -> None:
    """A new dependency is downloaded alone; the other packages come from the package cache."""
    dependencies = tag()
    # A UID of its own, so that no other worker's build writes to this package cache.
    build_options = (*build_options, "--build-arg", f"UID={UID}")
    with (copy / "pyproject.toml").open("a") as file:
        # A unique line, so that the packages are installed now and fill the cache.
        file.write(f"# {dependencies}\n")
    engine.build(copy, dependencies, "--target", "dependencies", *build_options)
    add_to_lock(copy, dependencies, build_options, "humanize")
    before = list_cached_packages(dependencies, tag())
    assert len(before) > 5
    steps = list_built_steps(engine.build(copy, tag(), *build_options))
    assert any("poetry install" in step for step in steps)
    assert not any("pip install" in step or "npm" in step for step in steps)
    assert before.items() <= list_cached_packages(dependencies, tag()).items()


# In this file because a build without the cache empties the package cache.
def test_build_is_reproducible(project: Path, production: str, build_options, tag) -> None:
    """Two builds of one commit without the cache contain the same files."""
    image = tag()
    engine.build(project, image, "--no-cache", *build_options)
    first, second = engine.read_tree(production), engine.read_tree(image)
    assert {path for path in first.keys() | second.keys() if first.get(path) != second.get(path)} == set()


def add_to_lock(project: Path, image: str, build_options: tuple[str, ...], package: str) -> None:
    """Add a package to pyproject.toml and poetry.lock, with the image's Poetry."""
    variables = [word.replace("--build-arg", "--env") for word in build_options]
    container = docker("create", *variables, image, "poetry", "add", "--lock", package)
    docker("start", "--attach", container)
    for name in ("pyproject.toml", "poetry.lock"):
        docker("cp", f"{container}:/app/{name}", project / name)
    docker("rm", container)


def list_cached_packages(image: str, tag: str) -> dict[str, str]:
    """Return the files in the package cache with their times."""
    mount = f"--mount=type=cache,id=app-cache-{UID},target=/home/app/.cache,uid={UID}"
    find = "find /home/app/.cache/pypoetry/artifacts -name '*.whl' -printf 'cached %f %T@\\n'"
    # The unique name prevents caching of the step; --no-cache would mount an empty cache.
    dockerfile = f"FROM {image}\nRUN {mount} : {tag} && {find}\n"
    output = docker("build", "--progress=plain", "--tag", tag, "-", input=dockerfile)
    return dict(re.findall(r" cached (\S+) (\S+)$", output, re.MULTILINE))
