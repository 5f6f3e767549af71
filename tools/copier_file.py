"""Print copier.yml: what cookiecutter.json asks and computes, in copier's words.

https://copier.readthedocs.io/en/stable/configuring/
"""

import json
from typing import Any

import yaml

from tools import TEMPLATE

HEAD = """\
# Made from cookiecutter.json by: make copier.yml
# Copier reads the same tree by it, for `copier copy` and for `fab update` in a project.
"""

# The version that projects of the first release pin: a newer one could not update them.
OLDEST_COPIER = "9.19.1"

# Copier has no filter `slugify`, so letters outside of a to z are left out here instead of spelt in Latin.
SLUG = """\
<% set slug = (project_name | lower | regex_replace('[^a-z0-9]+', '_') | trim('_'))[:40] | trim('_') %>
<< slug if slug[:1].isalpha() else 'site_' ~ slug if slug else 'my_site' >>"""

# Values that hooks/pre_gen_project.py has refused from the first release on, and no more: an update takes
# the default instead of an answer that is refused.
SHAPES = {
    "project_name": (r"^\S(.*\S)?$", "Write at least one character, and no space around it."),
    "project_slug": (
        "^[a-z][a-z0-9]*(_[a-z0-9]+)*$",
        "Use the letters a to z, digits and single underscores between them, a letter first.",
    ),
    "description": (r"^\S(.*\S)?$", "Write at least one character, and no space around it."),
    "author": (r"^.*\S <[^<>@]+@[^<>@]+>$", "Use the form Ada Lovelace <ada@example.org>."),
}

AFTER_COPY = """
The project is ready. Start it, in its folder, with:

  pipx install fabric
  fab build && fab start
"""

# A project's own from its first day on: an update neither brings nor changes them.
NEVER_UPDATED = ["/poetry.lock", "/package-lock.json", "/apps/*/migrations/[0-9]*.py"]


def page() -> str:
    """Return the file's text."""
    return HEAD + yaml.dump(configuration(), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def configuration() -> dict[str, Any]:
    """Return what the file holds."""
    content = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    asked = {name: default for name, default in content.items() if not name.startswith("_")}
    return {
        "_min_copier_version": OLDEST_COPIER,
        "_subdirectory": "<% raw %><<cookiecutter.project_slug>><% endraw %>",
        "_templates_suffix": "",
        "_envops": content["_jinja2_env_vars"],
        "_exclude": [*not_chosen(content["_optional_files"]), *never_updated()],
        "_message_after_copy": AFTER_COPY,
        **{name: question(name, default, content["__prompts__"][name]) for name, default in asked.items()},
        "cookiecutter": {"type": "json", "when": False, "default": names(content, list(asked))},
    }


def question(name: str, default: str | list[str], prompt: str | dict[str, str]) -> dict[str, Any]:
    """Return one question: text with a rule, or a choice."""
    if isinstance(default, list) and isinstance(prompt, dict):
        choices = {prompt[value]: value for value in default}
        return {"type": "str", "help": prompt["__prompt__"], "choices": choices, "default": default[0]}
    shape, advice = SHAPES[name]
    pattern = shape.replace("\\", "\\\\")
    rule = f"<% if not ({name} | regex_search('{pattern}')) %>{advice}<% endif %>"
    default = SLUG if "slugify" in default else default
    return {"type": "str", "help": prompt, "default": default, "validator": rule}


def not_chosen(optional_files: dict[str, dict[str, list[str]]]) -> list[str]:
    """Return patterns of the files that only other answers have."""
    patterns = []
    for name, values in optional_files.items():
        for file in dict.fromkeys(file for files in values.values() for file in files):
            owners = [value for value, files in values.items() if file in files]
            answer = f"cookiecutter.{name}" if name.startswith("__") else name
            patterns += [f"<% if {answer} not in {owners} %>/{file}<% endif %>"]
    return patterns


def never_updated() -> list[str]:
    """Return patterns of the files that an update leaves alone."""
    return [f"<% if _copier_operation == 'update' %>{pattern}<% endif %>" for pattern in NEVER_UPDATED]


def names(content: dict[str, Any], asked: list[str]) -> str:
    """Return a template that gives, as JSON, all that files know as `cookiecutter`."""
    answers = ", ".join(f"{name}={name}" for name in asked)
    lines = [f"<% set cookiecutter = dict({answers}) %>"]
    for name, value in content.items():
        if name.startswith("__") and isinstance(value, str):
            lines += [f"<% set value %>{value}<% endset %>"]
            lines += [f"<% set _ = cookiecutter.update({name}=value) %>"]
    return "\n".join([*lines, "<< cookiecutter | tojson >>\n"])


class Dumper(yaml.SafeDumper):
    """YAML as people write it: long texts as blocks, and lists under their key's first letter."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists too."""
        super().increase_indent(flow, False)


def as_block(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """Write a text of several lines as a block."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, as_block)

if __name__ == "__main__":
    print(page(), end="")
