"""The names that a project cannot have, since its packages have them."""

import re
import subprocess
import tomllib

from tests import hook
from tests.conftest import Bake, environment_of
from tools import combinations


def test_each_dependency_is_known_to_the_hook(bake: Bake) -> None:
    """The hook's list of dependencies is what the locks name and what their packages are imported as."""
    code = "import importlib.metadata; print(*importlib.metadata.packages_distributions())"
    names: set[str] = set()
    for combination in combinations.every():
        project = bake(project_slug="_".join(combination), **combinations.answers(combination))
        python = environment_of(project) / "bin" / "python"
        names |= set(
            subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        )
        lock = tomllib.loads((project / "poetry.lock").read_text("utf-8"))
        names |= {re.sub(r"[-.]", "_", package["name"]) for package in lock["package"]}

    could_be_slugs = {name for name in names if re.fullmatch(r"[a-z]\w*", name)}
    assert sorted(hook.constant("DEPENDENCIES")) == sorted(could_be_slugs)
