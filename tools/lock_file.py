"""Write the template's poetry.lock: what each combination of answers locks, in one file.

    python -m tools.lock_file [--regenerate]

Without the option what the defaults bring keeps its versions.

All packages of all combinations are resolved once, so that none has a version of its own; then
Poetry locks each combination by that, two at a time, and combinations that ask for the same packages
once. What the locks differ in is marked with conditions, so the
lock is rendered like any other file of the template: no network, no code in a hook, the same by
cookiecutter and by copier.
"""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cookiecutter.main import cookiecutter

from tools import PROJECT_TEMPLATE, TEMPLATE
from tools.combinations import QUESTIONS, Combination, answers, every

POETRY = PROJECT_TEMPLATE / "fabfile" / "poetry.py"

Locks = dict[Combination, str]


def main(*options: str) -> None:
    """Generate and lock each combination in build/locks, and write the template's lock."""
    folder = TEMPLATE / "build" / "locks"
    shutil.rmtree(folder, ignore_errors=True)
    projects = {}
    for combination in every():
        home = folder / "-".join(combination)
        made = cookiecutter(
            str(TEMPLATE),
            no_input=True,
            accept_hooks=False,
            default_config=True,
            extra_context=answers(combination),
            output_dir=str(home),
        )
        projects[combination] = Path(made)
    everything = folder / "everything"
    everything.mkdir()
    write_union(projects.values(), everything / "pyproject.toml")
    shutil.copy(projects[every()[0]] / "poetry.lock", everything)
    print("Looking up versions for all combinations at once ...", flush=True)
    lock(everything, *options)
    # A lock depends on what pyproject.toml asks for, so one serves all that ask for the same.
    alike: dict[str, Path] = {}
    for project in projects.values():
        alike.setdefault(requirements(project), project)
    print(f"Locking {len(alike)} sets of packages for {len(projects)} combinations ...", flush=True)
    for project in alike.values():
        shutil.copy(everything / "poetry.lock", project)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lock, alike.values()))
    locks = {
        combination: (alike[requirements(project)] / "poetry.lock").read_text(encoding="utf-8")
        for combination, project in projects.items()
    }
    (PROJECT_TEMPLATE / "poetry.lock").write_text(merged(locks), encoding="utf-8")


def requirements(project: Path) -> str:
    """Return all that Poetry reads from the project when it locks, in a form that can be compared."""
    content: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    about = content["project"]
    asked = [about["requires-python"], about["dependencies"], content["dependency-groups"]]
    return json.dumps([*asked, content["tool"]["poetry"]])


def lock(project: Path, *options: str) -> None:
    """Have Poetry write the project's lock; that needs no virtual environment."""
    subprocess.run(
        [sys.executable, "-B", POETRY, "lock", "--no-interaction", *options],
        cwd=project,
        env={**os.environ, "POETRY_VIRTUALENVS_CREATE": "false"},
        check=True,
    )


def write_union(projects: Iterable[Path], file: Path) -> None:
    """Write a pyproject.toml that asks for all that these projects ask for."""
    dependencies: dict[str, None] = {}
    groups: dict[str, dict[str, None]] = {}
    python = ""
    for project in projects:
        content: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
        python = content["project"]["requires-python"]
        dependencies.update(dict.fromkeys(content["project"]["dependencies"]))
        for group, packages in content["dependency-groups"].items():
            groups.setdefault(group, {}).update(dict.fromkeys(packages))
    lines = ["[project]", 'name = "everything"', 'version = "0"', f"requires-python = {json.dumps(python)}"]
    lines += [f"dependencies = {json.dumps(list(dependencies))}", "[dependency-groups]"]
    lines += [f"{group} = {json.dumps(list(packages))}" for group, packages in groups.items()]
    file.write_text("\n".join([*lines, "[tool.poetry]", "package-mode = false", ""]), encoding="utf-8")


def merged(locks: Locks) -> str:
    """Return a template that renders each combination's lock, byte by byte."""
    parts = {combination: split(text) for combination, text in locks.items()}
    keys = sorted({key for each in parts.values() for key in each})
    pieces = []
    for key in keys:
        pieces += conditional({each: blocks[key] for each, blocks in parts.items() if key in blocks})
    return "".join(pieces)


def split(lock: str) -> dict[tuple[int, str, str, int], str]:
    """Return a lock's pieces by keys that sort as Poetry does.

    They are the head, of each package what comes before and after its `files`, and the metadata.
    """
    body, _, metadata = lock.partition("[metadata]\n")
    head, *packages = body.split("[[package]]\n")
    pieces = {(0, "", "", 0): head, (2, "", "", 0): f"[metadata]\n{metadata}"}
    for package in packages:
        name, version = re.findall(r'^(?:name|version) = "(.*)"$', package, re.MULTILINE)[:2]
        about, files, rest = package.partition("files = [\n")
        pieces[1, name, version, 0] = f"[[package]]\n{about}"
        pieces[1, name, version, 1] = files + rest
    return pieces


def conditional(texts: Locks) -> Iterator[str]:
    """Yield the texts, each under the condition that names its combinations."""
    for text in dict.fromkeys(texts.values()):
        condition = condition_of({combination for combination, each in texts.items() if each == text})
        yield f"<% if {condition} %>\n{text}<% endif %>\n" if condition else text


def condition_of(wanted: set[Combination]) -> str:
    """Return the shortest condition that holds for these combinations alone; "" for all of them."""
    if wanted == set(every()):
        return ""
    single = {
        f'cookiecutter.{question} == "{value}"': {each for each in every() if each[index] == value}
        for index, question in enumerate(QUESTIONS)
        for value in dict.fromkeys(each[index] for each in every())
    }
    for count in range(1, 4):
        for chosen in itertools.combinations(single, count):
            if set().union(*(single[each] for each in chosen)) == wanted:
                return " or ".join(chosen)
            if set.intersection(*(single[each] for each in chosen)) == wanted:
                return " and ".join(chosen)
    subject = ' ~ " " ~ '.join(f"cookiecutter.{question}" for question in QUESTIONS)
    return f"{subject} in {json.dumps(sorted(' '.join(each) for each in wanted))}"


if __name__ == "__main__":
    main(*sys.argv[1:])
