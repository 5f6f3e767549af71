#!/usr/bin/env python
"""Django's command-line utility: https://docs.djangoproject.com/en/6.1/ref/django-admin/"""

<% if _copier_conf is not defined %>
raise SystemExit("This project is unfinished: Cookiecutter ran no hooks. Delete it and generate it again with: --accept-hooks yes")
<% endif %>
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management import execute_from_command_line
from django.utils.autoreload import BaseReloader, autoreload_started


def watch(sender: BaseReloader, **_: Any) -> None:
    """Restart the server when one of these files changes, even one whose import has failed."""
    for folder in ("apps", "config"):
        sender.watch_dir(Path(__file__).parent / folder, "**/*.py")


if __name__ == "__main__":
    # The shell may have set those of another project.
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    autoreload_started.connect(watch)
    execute_from_command_line(sys.argv)
