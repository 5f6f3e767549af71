"""Generation without a network."""

from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, WITHOUT_NETWORK, Bake, Command
from tests.render.test_same_bytes import tree
from tools import combinations


@pytest.mark.parametrize("combination", [combinations.every()[0], combinations.every()[-1]], ids="-".join)
def test_offline(
    cookiecutter: Command, bake: Bake, combination: combinations.Combination, tmp_path: Path
) -> None:
    """With the tested locks no network is needed: without choices, and with all."""
    answers = combinations.answers(combination)
    words = [f"{question}={response}" for question, response in answers.items()]
    result = cookiecutter(TEMPLATE, "--no-input", *words, prefix=WITHOUT_NETWORK)

    assert result.returncode == 0, result.stderr
    assert tree(tmp_path / "my_site") == tree(bake(**answers))
