"""Which answers are tested together, and where."""

import itertools

from tools import combinations


def test_each_pair_occurs() -> None:
    """Every pair of answers to any two questions is in a project that a test checks."""
    questions = combinations.choices()
    wanted = {
        frozenset([(first, a), (second, b)])
        for first, second in itertools.combinations(questions, 2)
        for a in questions[first]
        for b in questions[second]
    }
    rows = [itertools.combinations(row.items(), 2) for row in combinations.each_pair()]
    assert wanted <= {frozenset(pair) for pairs in rows for pair in pairs}


def test_each_answer_is_checked_on_the_host_and_in_docker() -> None:
    """Each answer goes through `fab check` on SQLite and on PostgreSQL."""
    wanted = {(question, value) for question, values in combinations.choices().items() for value in values}
    for rows in (combinations.on_host(), combinations.in_docker()):
        assert {response for row in rows for response in row.items()} == wanted
