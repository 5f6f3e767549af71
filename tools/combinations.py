"""The answers that projects are generated with: each value, each pair of values, every combination."""

import itertools
import json
import os

from tools import TEMPLATE

# The questions whose answers bring packages, so that poetry.lock differs.
QUESTIONS = ("api", "sign_up", "cms", "tasks")

Combination = tuple[str, ...]
Answers = dict[str, str]


def choices() -> dict[str, list[str]]:
    """Return the values of each question that has some, the default first."""
    questions = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    return {
        name: values
        for name, values in questions.items()
        if isinstance(values, list) and not name.startswith("_")
    }


def every() -> list[Combination]:
    """Return all combinations of the answers that bring packages, the one with all defaults first."""
    return list(itertools.product(*(choices()[question] for question in QUESTIONS)))


def answers(combination: Combination) -> Answers:
    """Return a combination as cookiecutter's answers."""
    return dict(zip(QUESTIONS, combination, strict=True))


def defaults() -> Answers:
    """Return the default of each question that has values."""
    return {question: values[0] for question, values in choices().items()}


def each_value() -> list[Answers]:
    """Return the defaults; each other value alone; and the last value of every question together."""
    alone = [{question: value} for question, values in choices().items() for value in values[1:]]
    return [{}, *alone, {question: values[-1] for question, values in choices().items()}]


def each_pair() -> list[Answers]:
    """Return a covering array: each pair of answers to any two questions is in a row; the defaults first.

    The same rows each time, and with this salt twelve, no fewer can be: https://covertable.walkframe.com
    """
    from covertable import make

    questions = choices()
    rows = make(questions, presets=[defaults()], salt="80")
    return [{question: row[question] for question in questions} for row in rows]


def in_docker() -> list[Answers]:
    """Return the default row and few others of the covering array that have each answer between them."""
    rows = each_pair()
    chosen = rows[:1]
    while missing := {answer for row in rows for answer in row.items()}.difference(*map(dict.items, chosen)):
        chosen.append(max(rows, key=lambda row: len(missing & set(row.items()))))
    return chosen


def on_host() -> list[Answers]:
    """Return the other rows, which have each answer between them too: tests/choices/test_rows.py.

    With EVERY_CHOICE in the environment, as for a release, every combination that brings packages of its own.
    """
    if os.environ.get("EVERY_CHOICE"):
        return [{**defaults(), **answers(each)} for each in every()]
    elsewhere = in_docker()
    return [row for row in each_pair() if row not in elsewhere]


def name(row: Answers) -> str:
    """Return the answers in a word, for the name of a test."""
    return "-".join(row.values()) or "default"


def main_pages(row: Answers) -> list[str]:
    """Return pages that anybody may open in a project with these answers."""
    more = ["/account/signup/"] if row["sign_up"] == "public" else []
    more += ["/search/?query=welcome"] if row["cms"] == "wagtail" else []
    return ["/", "/account/login/", "/sitemap.xml", *more]
