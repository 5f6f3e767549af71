"""Print copier.yml: the questions and computed values of cookiecutter.json, for Copier.

https://copier.readthedocs.io/en/stable/configuring/
"""

import json
from typing import Any

import yaml

from tools import TEMPLATE

HEAD = """\
# Generated from cookiecutter.json by `make copier.yml`.
# Copier uses it for `copier copy`, and for `fab update` in a project.
"""

# The version that projects of the first release pin: they could not be updated if a newer one were required.
OLDEST_COPIER = "9.19.1"

# Copier has no filter `slugify`, so characters other than a to z and 0 to 9 are removed, not transliterated.
SLUG = """\
<% set slug = (project_name | lower | regex_replace('[^a-z0-9]+', '_') | trim('_'))[:40] | trim('_') %>
<< slug if slug[:1].isalpha() else 'site_' ~ slug if slug else 'my_site' >>"""

# Only what hooks/pre_gen_project.py has rejected since the first release: if an answer is rejected, an update
# uses the default instead.
VALIDATORS = {
    "project_name": (r"^\S(.*\S)?$", "Enter at least one character, without spaces around it."),
    "project_slug": (
        "^[a-z][a-z0-9]*(_[a-z0-9]+)*$",
        "Use lowercase letters a to z, digits and single underscores; start with a letter.",
    ),
    "description": (r"^\S(.*\S)?$", "Enter at least one character, without spaces around it."),
    "author": (r"^.*\S <[^<>@]+@[^<>@]+>$", "Use the form Ada Lovelace <ada@example.org>."),
}

AFTER_COPY = """
The project is ready. Start it, in its folder, with:

  pipx install fabric
  fab build && fab start
"""

# Files that belong to a project after generation: an update neither adds nor changes them.
NEVER_UPDATED = ["/poetry.lock", "/package-lock.json", "/apps/*/migrations/[0-9]*.py"]


def render() -> str:
    """Return the content of copier.yml."""
    return HEAD + yaml.dump(
        build_configuration(), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10_000
    )


def build_configuration() -> dict[str, Any]:
    """Return the configuration as a dictionary."""
    content = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    questions = {name: default for name, default in content.items() if not name.startswith("_")}
    return {
        "_min_copier_version": OLDEST_COPIER,
        "_subdirectory": "<% raw %><<cookiecutter.project_slug>><% endraw %>",
        "_templates_suffix": "",
        "_envops": content["_jinja2_env_vars"],
        "_exclude": [*list_unchosen_files(content["_optional_files"]), *list_excluded_from_updates()],
        "_message_after_copy": AFTER_COPY,
        **{
            name: build_question(name, default, content["__prompts__"][name])
            for name, default in questions.items()
        },
        "cookiecutter": {
            "type": "json",
            "when": False,
            "default": render_variables(content, list(questions)),
        },
    }


def build_question(name: str, default: str | list[str], prompt: str | dict[str, str]) -> dict[str, Any]:
    """Return the configuration of a question: text with a validator, or a choice."""
    if isinstance(default, list) and isinstance(prompt, dict):
        choices = {prompt[value]: value for value in default}
        return {"type": "str", "help": prompt["__prompt__"], "choices": choices, "default": default[0]}
    pattern, message = VALIDATORS[name]
    pattern = pattern.replace("\\", "\\\\")
    validator = f"<% if not ({name} | regex_search('{pattern}')) %>{message}<% endif %>"
    default = SLUG if "slugify" in default else default
    return {"type": "str", "help": prompt, "default": default, "validator": validator}


def list_unchosen_files(optional_files: dict[str, dict[str, list[str]]]) -> list[str]:
    """Return patterns that exclude the files of other answers."""
    patterns = []
    for name, values in optional_files.items():
        for file in dict.fromkeys(file for files in values.values() for file in files):
            owners = [value for value, files in values.items() if file in files]
            answer = f"cookiecutter.{name}" if name.startswith("__") else name
            patterns += [f"<% if {answer} not in {owners} %>/{file}<% endif %>"]
    return patterns


def list_excluded_from_updates() -> list[str]:
    """Return patterns that exclude files from updates."""
    return [f"<% if _copier_operation == 'update' %>{pattern}<% endif %>" for pattern in NEVER_UPDATED]


def render_variables(content: dict[str, Any], questions: list[str]) -> str:
    """Return a template that renders, as JSON, the variables that files use as `cookiecutter`."""
    answers = ", ".join(f"{name}={name}" for name in questions)
    lines = [f"<% set cookiecutter = dict({answers}) %>"]
    for name, value in content.items():
        if name.startswith("__") and isinstance(value, str):
            lines += [f"<% set value %>{value}<% endset %>"]
            lines += [f"<% set _ = cookiecutter.update({name}=value) %>"]
    return "\n".join([*lines, "<< cookiecutter | tojson >>\n"])


class Dumper(yaml.SafeDumper):
    """YAML in the usual style: long strings as blocks, and lists indented under their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists too."""
        super().increase_indent(flow, False)


def represent_string(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """Represent a string of several lines as a block."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, represent_string)

if __name__ == "__main__":
    print(render(), end="")
