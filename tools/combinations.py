"""The questions whose answers bring packages, and every combination of their answers."""

import itertools
import json

from tools import TEMPLATE

QUESTIONS = ("api", "sign_up", "cms", "tasks")

Combination = tuple[str, ...]


def every() -> list[Combination]:
    """Return all combinations of answers to these questions, the one with all defaults first."""
    given = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    return list(itertools.product(*(given[question] for question in QUESTIONS)))


def with_each_pair() -> list[Combination]:
    """Return few combinations among which each pair of two questions' answers is, the defaults first."""
    missing = set().union(*map(pairs, every()))
    chosen = []
    while missing:
        chosen.append(max(every(), key=lambda each: len(pairs(each) & missing)))
        missing -= pairs(chosen[-1])
    return chosen


def pairs(combination: Combination) -> set[tuple[tuple[int, str], ...]]:
    """Return each pair of answers in a combination."""
    return set(itertools.combinations(enumerate(combination), 2))


def answers(combination: Combination) -> dict[str, str]:
    """Return the combination as cookiecutter's answers."""
    return dict(zip(QUESTIONS, combination, strict=True))


def main_pages(combination: Combination) -> list[str]:
    """Return pages that anybody may open in a project of this combination."""
    _, sign_up, cms, _ = combination
    more = ["/account/signup/"] if sign_up == "public" else []
    more += ["/search/?query=welcome", "/ar/search/?query=welcome"] if cms == "wagtail" else []
    return ["/", "/ar/", "/account/login/", "/sitemap.xml", *more]
