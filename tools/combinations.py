"""Answers for generating projects: each value, each pair of values, every combination."""

import itertools
import json
import os

from tools import TEMPLATE

# The questions whose answers add packages, so that poetry.lock differs.
QUESTIONS = ("api", "sign_up", "cms", "tasks")

Combination = tuple[str, ...]
Answers = dict[str, str]


def list_choices() -> dict[str, list[str]]:
    """Return the values of each choice, the default first."""
    questions = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    return {
        name: values
        for name, values in questions.items()
        if isinstance(values, list) and not name.startswith("_")
    }


def list_combinations() -> list[Combination]:
    """Return all combinations of the answers that add packages, the default one first."""
    return list(itertools.product(*(list_choices()[question] for question in QUESTIONS)))


def get_answers(combination: Combination) -> Answers:
    """Return a combination as Cookiecutter's answers."""
    return dict(zip(QUESTIONS, combination, strict=True))


def get_defaults() -> Answers:
    """Return the default of each choice."""
    return {question: values[0] for question, values in list_choices().items()}


def list_each_value() -> list[Answers]:
    """Return the defaults; each other value alone; and the last value of every choice together."""
    alone = [{question: value} for question, values in list_choices().items() for value in values[1:]]
    return [{}, *alone, {question: values[-1] for question, values in list_choices().items()}]


def list_each_pair() -> list[Answers]:
    """Return a covering array: each pair of answers to two questions is in a row; the defaults come first.

    The result is deterministic; this salt gives the minimum of twelve rows: https://covertable.walkframe.com
    """
    from covertable import make

    questions = list_choices()
    rows = make(questions, presets=[get_defaults()], salt="80")
    return [{question: row[question] for question in questions} for row in rows]


def list_docker_rows() -> list[Answers]:
    """Return the default row and a few others that together have each answer."""
    rows = list_each_pair()
    chosen = rows[:1]
    while missing := {answer for row in rows for answer in row.items()}.difference(*map(dict.items, chosen)):
        chosen.append(max(rows, key=lambda row: len(missing & set(row.items()))))
    return chosen


def list_host_rows() -> list[Answers]:
    """Return the other rows, which together have each answer too: see tests/choices/test_rows.py.

    With EVERY_CHOICE in the environment, as for a release, return every combination that adds packages.
    """
    if os.environ.get("EVERY_CHOICE"):
        return [{**get_defaults(), **get_answers(each)} for each in list_combinations()]
    docker_rows = list_docker_rows()
    return [row for row in list_each_pair() if row not in docker_rows]


def format_row(row: Answers) -> str:
    """Return a row's answers as one word, for the ID of a test."""
    return "-".join(row.values()) or "default"


def list_main_pages(row: Answers) -> list[str]:
    """Return the public pages of a project with these answers."""
    more = ["/account/signup/"] if row["sign_up"] == "public" else []
    more += ["/search/?query=welcome"] if row["cms"] == "wagtail" else []
    return ["/", "/account/login/", "/sitemap.xml", *more]
