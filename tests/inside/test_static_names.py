"""The system check for static files that templates and code refer to."""

from pathlib import Path

import pytest
from apps.core.checks import check_static_names
from django.conf import LazySettings

TEMPLATE = """{% load static %}
<img src="{% static 'images/there.svg' %}"><img src="{% static "images/gone.svg" %}">
{% comment %}{% static 'images/old.svg' %}{% endcomment %}
{# {% static 'images/older.svg' %} #}{% verbatim %}{% static 'images/shown.svg' %}{% endverbatim %}
{% static variable %}{% static 'images/there.svg' as address %}
{% static 'sprite.svg#gone' as address %}
"""
PYTHON = """from django.templatetags.static import static

there = static("images/there.svg")
gone = static("mail/gone.png")
of_a_setting = static(NAME)


class Form:
    class Media:
        css = {"all": ["form.css"]}
        js = ["https://example.org/other.js", "images/there.js"]
"""


@pytest.fixture
def project(tmp_path: Path, settings: LazySettings) -> Path:
    """Create a small project with two static files."""
    for name, text in {
        "static/images/there.svg": "",
        "static/images/there.js": "",
        "templates/base.html": TEMPLATE,
        "apps/shop/templates/shop/mail.txt": "{% static 'mail/logo.png' %}",
        "apps/shop/mail.py": PYTHON,
        "apps/shop/tests/test_mail.py": 'static("mail/of-a-test.png")',
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    folder = tmp_path / "templates"
    for name in (".DS_Store", ".base.html.swp", "._base.html", "logo.png"):
        (folder / name).write_bytes(b"\xff\x00")
    (folder / ".#base.html").symlink_to("somebody@host.1:2")
    (folder / "mail.v2").mkdir()
    (folder / "page.html").mkdir()
    settings.BASE_DIR = tmp_path
    settings.STATICFILES_DIRS = [tmp_path / "static"]
    return tmp_path


@pytest.mark.parametrize("name", ["templates/menu.html", "apps/shop/cart.py", "apps/shop/templates/a.txt"])
def test_source_that_is_not_utf_8_is_reported(project: Path, name: str) -> None:
    """A source file that is not UTF-8 is reported as an error."""
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_bytes("# café".encode("latin-1"))
    messages = [str(error) for error in check_static_names(None)]
    assert f"{name}: (core.E002) This file is not UTF-8: convert it." in messages


@pytest.mark.usefixtures("project")
def test_missing_static_file_is_reported() -> None:
    """A reference to a missing static file is reported with file and line."""
    assert [str(error).splitlines() for error in check_static_names(None)] == [
        ["apps/shop/mail.py:4: (core.E001) There is no static file 'mail/gone.png'."],
        ["apps/shop/mail.py:10: (core.E001) There is no static file 'form.css'."],
        ["apps/shop/templates/shop/mail.txt:1: (core.E001) There is no static file 'mail/logo.png'."],
        ["templates/base.html:2: (core.E001) There is no static file 'images/gone.svg'."],
        ["templates/base.html:6: (core.E001) There is no static file 'sprite.svg#gone'."],
    ]


@pytest.mark.usefixtures("project")
def test_nothing_is_checked_in_development(settings: LazySettings) -> None:
    """In development the check for static files does not run."""
    settings.DEBUG = True
    assert check_static_names(None) == []
