from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

PYTHON = """from django.utils.translation import gettext as _, ngettext, pgettext

_("Boat")
ngettext("%(count)s oar", "%(count)s oars", 2)
pgettext("of a river", "Mouth")
"""
TEMPLATE = """{% load i18n %}
  <p>{% translate "Water" %} it's "quoted {{ _("Sand") }}</p>
    {% if a %}{% blocktranslate trimmed %}
      Sail {{ far }}, 100%
    {% endblocktranslate %}{% endif %}
<a title="{% translate 'Harbour' context 'place' %}"></a>
"""


@pytest.fixture
def po(tmp_path: Path, settings: LazySettings) -> Path:
    """The file of translations in a project of its own."""
    for name, text in {
        "apps/shop/boats.py": PYTHON,
        "templates/base.html": TEMPLATE,
        "apps/shop/tests/test_boats.py": '_("Not for people")',
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    settings.BASE_DIR = tmp_path
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    call_command("messages", stdout=StringIO())
    return tmp_path / "locale" / "de" / "LC_MESSAGES" / "django.po"


def faults() -> str:
    """Return what the check says."""
    try:
        call_command("messages", check=True, stdout=StringIO())
    except CommandError as error:
        return str(error)
    return ""


def translate(po: Path) -> None:
    """Translate every text, and have it read."""
    text = po.read_text(encoding="utf-8")
    text = text.replace('msgstr[0] ""', 'msgstr[0] "%(count)s Ruder"')
    text = text.replace('msgstr[1] ""', 'msgstr[1] "%(count)s Ruder"')
    head, _, rest = text.partition("\n\n")
    rest = rest.replace('msgstr ""\n', 'msgstr "Auf %(far)s Deutsch"\n')
    po.write_text(f"{head}\n\n{rest}", encoding="utf-8")
    call_command("messages", stdout=StringIO())


def test_every_text_is_found(po: Path) -> None:
    text = po.read_text(encoding="utf-8")
    for found in (
        'msgid "Boat"',
        'msgid_plural "%(count)s oars"',
        'msgctxt "of a river"\nmsgid "Mouth"',
        'msgid "Water"',
        'msgid "Sand"',
        'msgid "Sail %(far)s, 100%%"',
        'msgctxt "place"\nmsgid "Harbour"',
    ):
        assert found in text
    assert text.count("\nmsgid ") == 8
    assert "'Boat' is not translated" in faults()


def test_what_is_translated_stays(po: Path) -> None:
    translate(po)
    assert not faults()
    before = po.read_bytes(), po.with_suffix(".mo").read_bytes()
    call_command("messages", stdout=StringIO())
    assert (po.read_bytes(), po.with_suffix(".mo").read_bytes()) == before


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("templates/base.html", "Water", "Wind", "'Wind' is not translated"),
<% if cookiecutter.__with_allauth == "no" %>
        ("apps/shop/boats.py", '_("Boat")', "", "django.po is out of date"),
<% endif %>
        ("locale/de/LC_MESSAGES/django.po", 'msgid "Boat"', '#, fuzzy\nmsgid "Boat"', "fuzzy"),
        ("locale/de/LC_MESSAGES/django.po", "Auf ", "In ", "django.mo is out of date"),
        ("locale/de/LC_MESSAGES/django.po", "%(count)s Ruder", "%(number)s Ruder", "oar"),
    ],
)
def test_what_is_wrong_is_named(po: Path, file: str, old: str, new: str, fault: str) -> None:
    translate(po)
    path = po.parents[3] / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert fault in faults()
