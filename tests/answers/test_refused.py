"""Rejected answers: all errors at once, one line each, and nothing is written."""

import json
from pathlib import Path

import pytest

from tests.conftest import PROJECT_TEMPLATE, TEMPLATE, Command, load_hook
from tools import combinations

SLUGS = {
    "empty": "",
    "uppercase": "MySite",
    "hyphen": "my-site",
    "dot": "my.site",
    "space": "my site",
    "digit first": "1site",
    "underscore first": "_site",
    "underscore last": "site_",
    "two underscores": "my__site",
    "Cyrillic a": "m\u0430il",
    "full-width letters": "\uff53\uff49\uff54\uff45",
    "dotless i": "s\u0131te",
    "superscript digit": "site\u00b2",
    "long": "a" * 200,
    "one character too long": "a" * 41,
    "parent": "..",
    "current folder": ".",
    "parent folder": "../site",
    "subfolder": "a/b",
    "nested subfolder": "a/b/c",
    "absolute": "/site",
    "backslash": "a\\b",
    "newline": "my\nsite",
    "newline at the end": "site\n",
    "tab": "my\tsite",
    "escape": "my\x1bsite",
    "zero-width space": "my\u200bsite",
    "right to left": "my\u202esite",
    "shell": "a;b",
    "home": "~",
    "option": "-rf",
    "quote": "a'b",
    "hard keyword": "class",
    "soft keyword": "match",
    "config": "config",
    "apps": "apps",
    "tests": "tests",
    "static": "static",
    "fabfile": "fabfile",
}

TEXTS = {
    "empty": "",
    "blank": "   ",
    "no-break space alone": "\u00a0",
    "space first": " Site",
    "space last": "Site ",
    "long": "a" * 201,
    "newline": "My\nSite",
    "newline last": "Site\n",
    "carriage return": "My\rSite",
    "tab": "My\tSite",
    "null byte": "My\x00Site",
    "escape": "My\x1b[31mSite",
    "delete": "My\x7fSite",
    "next line": "My\x85Site",
    "line separator": "My\u2028Site",
    "right-to-left override": "My\u202eSite",
    "isolate": "My\u2066Site",
    "right-to-left mark": "My\u200fSite",
    "zero-width space": "My\u200bSite",
    "joiner between Latin letters": "My\u200dSite",
    "joiner last": "中\u200d",
    "byte order mark": "\ufeffSite",
    "soft hyphen": "My\u00adSite",
    "tag character": "Site\U000e0041",
    "private use": "My\ue000Site",
    "noncharacter": "My\uffffSite",
    "lone surrogate": "My\ud800Site",
}

DOMAINS = {
    "empty": "",
    "no dot": "localhost",
    "scheme": "https://example.com",
    "path": "example.com/",
    "port": "example.com:8000",
    "uppercase": "Example.com",
    "dot first": ".example.com",
    "dot last": "example.com.",
    "two dots": "example..com",
    "hyphen first": "-example.com",
    "hyphen last": "example-.com",
    "underscore": "my_site.example.com",
    "space": "my site.com",
    "newline": "exam\nple.com",
    "quote": "exa'mple.com",
    "wildcard": "*.example.com",
    "IPv4": "192.0.2.1",
    "IPv6": "[2001:db8::1]",
    "not ASCII": "bücher.example",
    "homoglyph": "ex\u0430mple.com",
}

EMAILS = {
    "empty": "",
    "no at": "example.com",
    "no name": "@example.com",
    "no domain": "me@",
    "two at": "me@me@example.com",
    "bad domain": "me@example",
    "space": "m e@example.com",
    "two dots": "m..e@example.com",
    "dot first": ".me@example.com",
    "quote": 'm"e@example.com',
    "newline": "me@exam\nple.com",
    "not ASCII": "mé@example.com",
}

AUTHORS = {
    "no email": "Ada Lovelace",
    "no name": "<ada@example.com>",
    "no space between": "Ada Lovelace<ada@example.com>",
    "email not in brackets": "Ada Lovelace ada@example.com",
    "email first": "<ada@example.com> Ada Lovelace",
    "not closed": "Ada Lovelace <ada@example.com",
}

INVALID_ANSWERS = [
    pytest.param({question: answer}, id=f"{question} {name}")
    for questions, answers in [
        (["project_slug"], SLUGS),
        (["project_name"], TEXTS),
        (["description", "author"], {name: TEXTS[name] for name in ("blank", "long", "newline")}),
        (["author"], {f"at {name}": f"Me <me@{domain}>" for name, domain in DOMAINS.items()}),
        (["author"], {f"email {name}": f"Me <{email}>" for name, email in EMAILS.items()}),
        (["author"], AUTHORS),
    ]
    for question in questions
    for name, answer in answers.items()
]

# Cookiecutter itself rejects these: the folder cannot be created or exists already.
REJECTED_BY_COOKIECUTTER = {"", ".", ".."}


@pytest.mark.parametrize("answers", INVALID_ANSWERS)
def test_invalid_answer(answers: dict[str, str], cookies, tmpdir, capfd) -> None:
    """An invalid answer is reported in one line, and nothing is written."""
    # A slug derived from an invalid name would be invalid too.
    result = cookies.bake(extra_context={"project_slug": "good_slug", **answers})

    assert result.exception
    assert Path(tmpdir, "cookies", "bake00").exists()
    assert list(Path(tmpdir, "cookies").rglob("*")) == [Path(tmpdir, "cookies", "bake00")]
    if answers.get("project_slug") not in REJECTED_BY_COOKIECUTTER:
        assert parse_invalid_questions(capfd.readouterr().err) == list(answers)


def test_all_errors_at_once(cookies, capfd) -> None:
    """All invalid answers are reported at once, one line each, in the order of the questions."""
    bad = {
        "project_name": "",
        "project_slug": "My-Site",
        "description": "two\nlines",
        "author": "Ada",
    }
    assert cookies.bake(extra_context=bad).exception
    assert parse_invalid_questions(capfd.readouterr().err) == list(bad)


@pytest.mark.parametrize("question", ["ci", "sign_up"])
def test_unknown_choice_on_the_command_line(question: str, cookies, tmpdir) -> None:
    """Cookiecutter rejects an unknown value of a choice on the command line."""
    result = cookies.bake(extra_context={question: "unheard_of"})

    assert isinstance(result.exception, ValueError)
    assert not list(Path(tmpdir, "cookies").rglob("*/*"))


@pytest.mark.parametrize("question", ["ci", "sign_up"])
def test_unknown_choice_in_a_replay_file(
    question: str, cookies, cookiecutter: Command, tmp_path: Path
) -> None:
    """The hook rejects an unknown value of a choice in a replay file, which Cookiecutter does not check."""
    answers = cookies.bake().context
    replay = tmp_path / "replay.json"
    replay.write_text(json.dumps({"cookiecutter": {**answers, question: "unheard_of"}}))
    result = cookiecutter(TEMPLATE, "--replay-file", replay, "--output-dir", tmp_path / "out")

    assert result.returncode == 1
    assert parse_invalid_questions(result.stderr) == [question]
    assert not list(tmp_path.glob("out/*"))


def test_invalid_slipway_lock(cookies, capfd, monkeypatch: pytest.MonkeyPatch, tmpdir) -> None:
    """An invalid SLIPWAY_LOCK is reported with the other errors."""
    monkeypatch.setenv("SLIPWAY_LOCK", "newest")

    assert cookies.bake(extra_context={"description": ""}).exception
    assert parse_invalid_questions(capfd.readouterr().err) == ["description", "SLIPWAY_LOCK"]
    assert not list(Path(tmpdir, "cookies").rglob("*/*"))


def test_hook_knows_each_choice() -> None:
    """The hook's table of optional files has a row for each value of each choice."""
    files = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))["_optional_files"]
    rows = {question: list(values) for question, values in files.items() if question[0] != "_"}
    assert rows == combinations.list_choices()


def test_hook_rejects_the_name_of_each_folder() -> None:
    """The hook rejects the name of every folder in the project as a slug."""
    folders = {path.name for path in PROJECT_TEMPLATE.iterdir() if path.is_dir() and path.name[0] != "."}
    assert folders <= load_hook("pre_gen_project").PROJECT_FOLDERS


def parse_invalid_questions(messages: str) -> list[str]:
    """Return the first word of each of the hook's lines, which come before Cookiecutter's own."""
    lines = messages.partition("Nothing was written.")[0].splitlines()
    return [line.split()[0] for line in lines if not line.startswith("ERROR")]
