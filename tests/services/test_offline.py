"""Generation without a network."""

from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, WITHOUT_NETWORK, Bake, Command
from tests.render.test_same_bytes import read_tree
from tools import combinations


@pytest.mark.parametrize(
    "combination", [combinations.list_combinations()[0], combinations.list_combinations()[-1]], ids="-".join
)
def test_generation_without_a_network(
    cookiecutter: Command, bake: Bake, combination: combinations.Combination, tmp_path: Path
) -> None:
    """Generation with the tested lock files needs no network, whichever packages are chosen."""
    answers = combinations.get_answers(combination)
    words = [f"{question}={answer}" for question, answer in answers.items()]
    result = cookiecutter(TEMPLATE, "--no-input", *words, prefix=WITHOUT_NETWORK)

    assert result.returncode == 0, result.stderr
    assert read_tree(tmp_path / "my_site") == read_tree(bake(**answers))
