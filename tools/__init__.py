"""Programs for people who change the template: its locks, its releases and the pages made from its code."""

from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent
PROJECT_TEMPLATE = TEMPLATE / "<<cookiecutter.project_slug>>"
