"""The file `.env`, as Fabric and the site both read it.

The rules are python-dotenv's, except that a `$` is literal:
https://github.com/theskumar/python-dotenv#file-format
"""

import codecs
import re
from pathlib import Path

# An empty line, a comment, or NAME=value with single quotes, double quotes or none.
LINE = re.compile(
    r"""
    [^\S\n]*
    (?:
        (?:export[^\S\n]+)? (?P<name>(?!export\s)[^=#\s'"]+) [^\S\n]* =
        (?:
            [^\S\n]* '(?P<single>(?:\\.|[^'\\])*)'
            | [^\S\n]* "(?P<double>(?:\\.|[^"\\])*)"
            | (?P<plain>(?![^\S\n]*['"])[^\n]*)
        )
    )?
    [^\S\n]* (?:\#[^\n]*)? (?:\n|\Z)
    """,
    re.DOTALL | re.VERBOSE,
)


def read(file: Path) -> dict[str, str]:
    """Return the variables of a file, or none if it does not exist.

    Raises OSError if it cannot be read, ValueError if it is not UTF-8 or a line is not NAME=value.
    """
    if not file.exists():
        return {}
    try:
        return parse(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None


def parse(text: str) -> dict[str, str]:
    """Return the variables of a file's text; raise ValueError, with the line's number, as `read` does."""
    values, position = {}, 0
    while position < len(text):
        line = LINE.match(text, position)
        if not line:
            number = text.count("\n", 0, position) + 1
            raise ValueError(f"line {number} is not NAME=value, or its quotes are not closed")
        if line["name"]:
            values[line["name"]] = parse_value(line)
        position = line.end()
    return values


def format_line(name: str, value: str) -> str:
    """Return the line that sets the variable, valid for Compose and a shell too."""
    if re.fullmatch(r"[\w./:@%+,=-]*", value, re.ASCII):
        return f"{name}={value}"
    escaped = re.sub(r"[\\']", r"\\\g<0>", value)
    return f"{name}='{escaped}'"


def parse_value(line: re.Match[str]) -> str:
    """Return the value without its quotes, escapes and comment."""
    if line["single"] is not None:
        return re.sub(r"\\([\\'])", r"\1", line["single"])
    if line["double"] is not None:
        return re.sub(
            r"\\[\\'\"abfnrtv]",
            lambda escape: codecs.decode(escape[0], "unicode-escape"),
            line["double"],
        )
    return re.sub(r"\s+#.*", "", line["plain"]).strip()
