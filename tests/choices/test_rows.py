"""Which answers are tested together."""

import itertools

from tools import combinations


def test_each_pair_of_answers_is_tested() -> None:
    """Each pair of answers to two questions is in a project that a test checks."""
    questions = combinations.list_choices()
    expected = {
        frozenset([(first, a), (second, b)])
        for first, second in itertools.combinations(questions, 2)
        for a in questions[first]
        for b in questions[second]
    }
    rows = [itertools.combinations(row.items(), 2) for row in combinations.list_each_pair()]
    assert expected <= {frozenset(pair) for pairs in rows for pair in pairs}


def test_each_answer_is_tested_on_both_databases() -> None:
    """Each answer is tested with `fab check` on SQLite and on PostgreSQL."""
    expected = {
        (question, value) for question, values in combinations.list_choices().items() for value in values
    }
    for rows in (combinations.list_host_rows(), combinations.list_docker_rows()):
        assert {answer for row in rows for answer in row.items()} == expected
