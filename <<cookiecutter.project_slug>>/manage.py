#!/usr/bin/env python
"""Django's command-line utility: https://docs.djangoproject.com/en/6.1/ref/django-admin/"""

<% if _copier_conf is not defined %>
raise SystemExit("This project is unfinished, since Cookiecutter ran no hooks. Delete it and generate it with: --accept-hooks yes")
<% endif %>
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    # Not those of another project, which a shell may name.
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    execute_from_command_line(sys.argv)
