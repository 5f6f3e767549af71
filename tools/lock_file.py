"""Write the template's poetry.lock: the locks of all combinations of answers, in one file.

    python -m tools.lock_file [--regenerate]

Without the option, the packages of the default answers keep their versions.

All packages of all combinations are resolved together, so that each package has one version. Then
Poetry locks each set of requirements by that, two at a time. Conditions select the lines that differ, so
the lock is rendered like any other file of the template: without a network, without code in a hook, and
identically by Cookiecutter and Copier.
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
from tools.combinations import QUESTIONS, Combination, get_answers, list_combinations

POETRY = PROJECT_TEMPLATE / "fabfile" / "poetry.py"

Locks = dict[Combination, str]


def main(*options: str) -> None:
    """Generate and lock each combination in build/locks, and write the template's lock."""
    folder = TEMPLATE / "build" / "locks"
    shutil.rmtree(folder, ignore_errors=True)
    projects = {}
    for combination in list_combinations():
        output = folder / "-".join(combination)
        path = cookiecutter(
            str(TEMPLATE),
            no_input=True,
            accept_hooks=False,
            default_config=True,
            extra_context=get_answers(combination),
            output_dir=str(output),
        )
        projects[combination] = Path(path)
    everything = folder / "everything"
    everything.mkdir()
    write_union(projects.values(), everything / "pyproject.toml")
    shutil.copy(projects[list_combinations()[0]] / "poetry.lock", everything)
    print("Looking up versions for all combinations at once ...", flush=True)
    lock_project(everything, *options)
    # Projects with the same requirements have the same lock.
    distinct: dict[str, Path] = {}
    for project in projects.values():
        distinct.setdefault(read_requirements(project), project)
    print(f"Locking {len(distinct)} sets of packages for {len(projects)} combinations ...", flush=True)
    for project in distinct.values():
        shutil.copy(everything / "poetry.lock", project)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lock_project, distinct.values()))
    locks = {
        combination: (distinct[read_requirements(project)] / "poetry.lock").read_text(encoding="utf-8")
        for combination, project in projects.items()
    }
    (PROJECT_TEMPLATE / "poetry.lock").write_text(merge(locks), encoding="utf-8")


def read_requirements(project: Path) -> str:
    """Return everything that affects the project's lock, in a form that can be compared."""
    content: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    table = content["project"]
    requirements = [table["requires-python"], table["dependencies"], content["dependency-groups"]]
    return json.dumps([*requirements, content["tool"]["poetry"]])


def lock_project(project: Path, *options: str) -> None:
    """Lock the project with Poetry, without a virtual environment."""
    subprocess.run(
        [sys.executable, "-B", POETRY, "lock", "--no-interaction", *options],
        cwd=project,
        env={**os.environ, "POETRY_VIRTUALENVS_CREATE": "false"},
        check=True,
    )


def write_union(projects: Iterable[Path], file: Path) -> None:
    """Write a pyproject.toml that requires all that these projects require."""
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


def merge(locks: Locks) -> str:
    """Return a template that renders each combination's lock byte for byte."""
    parts = {combination: split(text) for combination, text in locks.items()}
    keys = sorted({key for each in parts.values() for key in each})
    pieces = []
    for key in keys:
        pieces += render_conditions({each: blocks[key] for each, blocks in parts.items() if key in blocks})
    return "".join(pieces)


def split(lock: str) -> dict[tuple[int, str, str, int], str]:
    """Return a lock's pieces by keys that sort in Poetry's order.

    They are the head; of each package, the text before its `files` and the rest; and the metadata.
    """
    body, _, metadata = lock.partition("[metadata]\n")
    head, *packages = body.split("[[package]]\n")
    pieces = {(0, "", "", 0): head, (2, "", "", 0): f"[metadata]\n{metadata}"}
    for package in packages:
        name, version = re.findall(r'^(?:name|version) = "(.*)"$', package, re.MULTILINE)[:2]
        before, files, rest = package.partition("files = [\n")
        pieces[1, name, version, 0] = f"[[package]]\n{before}"
        pieces[1, name, version, 1] = files + rest
    return pieces


def render_conditions(texts: Locks) -> Iterator[str]:
    """Yield the texts, each inside a condition for its combinations."""
    for text in dict.fromkeys(texts.values()):
        condition = find_condition({combination for combination, each in texts.items() if each == text})
        yield f"<% if {condition} %>\n{text}<% endif %>\n" if condition else text


def find_condition(combinations: set[Combination]) -> str:
    """Return the shortest condition that selects exactly these combinations, or "" for all."""
    every = list_combinations()
    if combinations == set(every):
        return ""
    conditions = {
        f'cookiecutter.{question} == "{value}"': {each for each in every if each[index] == value}
        for index, question in enumerate(QUESTIONS)
        for value in dict.fromkeys(each[index] for each in every)
    }
    for count in range(1, 4):
        for names in itertools.combinations(conditions, count):
            if set().union(*(conditions[each] for each in names)) == combinations:
                return " or ".join(names)
            if set.intersection(*(conditions[each] for each in names)) == combinations:
                return " and ".join(names)
    subject = ' ~ " " ~ '.join(f"cookiecutter.{question}" for question in QUESTIONS)
    return f"{subject} in {json.dumps(sorted(' '.join(each) for each in combinations))}"


if __name__ == "__main__":
    main(*sys.argv[1:])
