"""Programs for maintaining the template: lock files, releases and generated files."""

from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent
PROJECT_TEMPLATE = TEMPLATE / "<<cookiecutter.project_slug>>"
