"""Validate the answers before anything is written: report every problem at once, one line each."""

import json
import keyword
import os
import re
import sys
import unicodedata

MAX_LENGTHS = {"project_name": 80, "project_slug": 40, "description": 200, "author": 200}
LOCKS = ["tested", "latest"]

SLUG = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
AUTHOR = re.compile(r"(.*\S) <([^<>]*)>")
EMAIL = re.compile(
    r"[\w%+'-]+(\.[\w%+'-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?", re.A
)

# Control, format, private-use and surrogate characters, line and paragraph separators.
INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
# These two are allowed between the parts of an emoji and inside Persian and Indic words.
JOINERS = "\u200c\u200d"

# A project with the name of one of its own folders would be confusing.
PROJECT_FOLDERS = {
    *("apps", "assets", "bash", "config", "deploy", "docs", "fabfile", "locale", "media"),
    *("static", "staticfiles", "templates", "tests"),
}


def main() -> None:
    """Print every problem and fail, or do nothing."""
    # tojson writes < > & and ' as escapes, so no answer can end this string.
    answers = json.loads(r"""<< cookiecutter | tojson >>""")
    if problems := validate(answers, os.environ.get("SLIPWAY_LOCK") or LOCKS[0]):
        sys.exit("\n".join([*problems, "Nothing was written."]))


def validate(answers: dict, lock: str) -> list[str]:
    """Return every problem with the answers and with SLIPWAY_LOCK, in the order of the questions."""
    allowed = {name: values for name, values in answers["_optional_files"].items() if name[0] != "_"}
    chosen = {**answers, "SLIPWAY_LOCK": lock}
    return [
        *validate_text("project_name", answers["project_name"]),
        *validate_slug(answers["project_slug"]),
        *validate_text("description", answers["description"]),
        *validate_author(answers["author"]),
        *(
            f"{question} {quote(chosen[question])} is not a choice: use {' or '.join(values)}."
            for question, values in {**allowed, "SLIPWAY_LOCK": LOCKS}.items()
            if chosen[question] not in values
        ),
    ]


def validate_text(question: str, text: str) -> list[str]:
    """Return the problems of a line of text: any language and punctuation, no invisible characters."""
    if not text.strip():
        return [f"{question} is empty: write at least one character."]
    problems = validate_length(question, text)
    if hidden := find_hidden_characters(text):
        names = ", ".join(hidden)
        problems.append(f"{question} {quote(text)} contains {names}: use visible characters on one line.")
    elif text != text.strip():
        problems.append(f"{question} {quote(text)} begins or ends with a space: leave it out.")
    return problems


def validate_slug(slug: str) -> list[str]:
    """Return the problems of the folder's name."""
    problems = validate_length("project_slug", slug)
    if not SLUG.fullmatch(slug):
        form = "the letters a to z, digits and single underscores between them, a letter first"
        problems.append(f"project_slug {quote(slug)} is not allowed: use {form}, such as my_site.")
    elif keyword.iskeyword(slug) or keyword.issoftkeyword(slug) or slug in PROJECT_FOLDERS:
        reason = "a folder of every project" if slug in PROJECT_FOLDERS else "a Python keyword"
        problems.append(f"project_slug {quote(slug)} is {reason}: use another, such as {slug}_site.")
    return problems


def validate_author(author: str) -> list[str]:
    """Return the problems of a name followed by an email address; the name is free text."""
    if problems := validate_text("author", author):
        return problems
    match = AUTHOR.fullmatch(author)
    if not match:
        form = "use the form Ada Lovelace <ada@example.org>"
        return [f"author {quote(author)} is not a name with an email address: {form}."]
    is_valid = EMAIL.fullmatch(match[2])
    return [] if is_valid else [f"author {quote(author)} has no valid email address: {quote(match[2])}."]


def validate_length(question: str, text: str) -> list[str]:
    """Return the problem of an answer that is too long."""
    maximum = MAX_LENGTHS[question]
    return [f"{question} has {len(text)} characters: use at most {maximum}."] if len(text) > maximum else []


def find_hidden_characters(text: str) -> list[str]:
    """Return the code points that a reader would not see or a file could not contain."""
    found = set()
    for position, character in enumerate(text):
        neighbors = text[max(position - 1, 0) : position] + text[position + 1 : position + 2]
        is_joiner = character in JOINERS and len(neighbors) == 2 and not any(map(str.isascii, neighbors))
        is_noncharacter = ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF
        if is_noncharacter or (unicodedata.category(character) in INVISIBLE and not is_joiner):
            found.add(f"U+{ord(character):04X}")
    return sorted(found)


def quote(text: str) -> str:
    """Quote an answer for a message: on one line, without invisible characters, shortened."""
    return repr(text if len(text) <= 60 else text[:60] + "...")


if __name__ == "__main__":
    main()
