"""Brings locale/ to the state of the code's texts, without gettext, which a machine may not have.

It does what Django's makemessages and compilemessages do, by Babel, which is installed for
development alone: https://babel.pocoo.org/en/latest/api/messages/
"""

<% if cookiecutter.__with_allauth == "yes" or cookiecutter.api != "none" or cookiecutter.tasks != "none" %>
from collections.abc import Iterable, Iterator
<% else %>
from collections.abc import Iterator
<% endif %>
from io import BytesIO
<% if cookiecutter.__with_allauth == "yes" or cookiecutter.api != "none" or cookiecutter.tasks != "none" %>
from itertools import product
<% endif %>
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

FOLDERS = ("apps", "config", "templates")
# Where Django's functions have their texts: https://docs.python.org/3/library/gettext.html
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


class Command(BaseCommand):
    help = "Write the code's texts into locale/, and what is translated for the site to read."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="Write nothing; fail if a text is not translated or a file is out of date.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
<% if cookiecutter.__with_allauth == "yes" or cookiecutter.api != "none" or cookiecutter.tasks != "none" %>
        catalogs = catalogs_of(settings.BASE_DIR)
        faults = []
        for (code, _), (locale, texts) in product(settings.LANGUAGES, catalogs):
<% else %>
        texts = texts_of(settings.BASE_DIR)
        faults = []
        for code, _ in settings.LANGUAGES:
<% endif %>
            if code == settings.LANGUAGE_CODE:
                continue
<% if cookiecutter.__with_allauth == "yes" or cookiecutter.api != "none" or cookiecutter.tasks != "none" %>
            po = locale / to_locale(code) / "LC_MESSAGES" / "django.po"
<% else %>
            po = settings.LOCALE_PATHS[0] / to_locale(code) / "LC_MESSAGES" / "django.po"
<% endif %>
            catalog = translated(po, code, texts)
            if not options["check"]:
                po.parent.mkdir(parents=True, exist_ok=True)
                po.write_bytes(as_po(catalog))
                po.with_suffix(".mo").write_bytes(as_mo(catalog))
            path = po.relative_to(settings.BASE_DIR)
            faults += [f"{path}: {fault}" for fault in faults_of(po, catalog)]
        if faults and options["check"]:
            raise CommandError("\n".join([*faults, "To write the texts anew: fab messages"]))
        self.stdout.write("\n".join(faults) or "Every text is translated.")


<% if cookiecutter.__with_allauth == "yes" or cookiecutter.api != "none" or cookiecutter.tasks != "none" %>
def catalogs_of(project: Path) -> list[tuple[Path, Catalog]]:
    """Return each folder of translations with its texts: those of apps that have one, and the site's."""
    apps = [locale.parent for locale in sorted(project.glob("apps/*/locale"))]
    files = [file for name in FOLDERS for file in (project / name).rglob("*.*")]
    rest = [file for file in files if not any(file.is_relative_to(app) for app in apps)]
    return [
        (settings.LOCALE_PATHS[0], texts_of(project, rest)),
        *((app / "locale", texts_of(project, app.rglob("*.*"))) for app in apps),
    ]


def texts_of(project: Path, files: Iterable[Path]) -> Catalog:
    """Return every text that these files mark for translation, with the files that it is in."""
    catalog = Catalog()
    for file in sorted(files):
        path = file.relative_to(project)
<% else %>
def texts_of(project: Path) -> Catalog:
    """Return every text that the code marks for translation, with the files that it is in."""
    catalog = Catalog()
    files = (file for name in FOLDERS for file in (project / name).rglob("*.*"))
    for file in sorted(files):
        path = file.relative_to(project)
<% endif %>
        if "tests" in path.parts or "__pycache__" in path.parts:
            continue
        if path.suffix == ".py" or "templates" in path.parts:
            for text, context in texts_in(file):
                catalog.add(text, locations=[(path.as_posix(), 0)], context=context)
    return catalog


def texts_in(file: Path) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    """Yield each text of a file, a pair where it has a plural, and its context if there is one."""
    source = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        # Calls of gettext in the order of the page; the rest is crossed out, but still indented.
        source = "\n".join(line.strip() for line in templatize(source, str(file)).splitlines())
    for _line, text, _comments, context in extract("python", BytesIO(source.encode()), KEYWORDS):
        yield text, context


class Translations(Catalog):
    """A catalogue whose head has no date and no version, so that it changes with the texts alone."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """Return the lines of the head."""
        return [
            ("Language", str(self.locale)),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]


def translated(po: Path, code: str, texts: Catalog) -> Catalog:
    """Return `texts` with the translations in `po`; what is new has none, what has gone is left out."""
    known = Catalog()
    if po.exists():
        with po.open("rb") as file:
            known = read_po(file, locale=code)
    comment = "# Translate what stands behind msgid into msgstr, then: fab messages"
    catalog = Translations(locale=to_locale(code), header_comment=comment, fuzzy=False)
    for message in texts:
        if message.id:
            old = known.get(message.id, message.context) or message
            catalog.add(
                message.id,
                old.string,
                locations=message.locations,
                flags=old.flags,
                user_comments=old.user_comments,
                context=message.context,
            )
    return catalog


def as_po(catalog: Catalog) -> bytes:
    """Return the file that a translator edits."""
    written = BytesIO()
    write_po(written, catalog, width=100, include_lineno=False)
    return written.getvalue().rstrip() + b"\n"


def as_mo(catalog: Catalog) -> bytes:
    """Return the file that Django reads; what is marked fuzzy is not in it."""
    written = BytesIO()
    write_mo(written, catalog)
    return written.getvalue()


def faults_of(po: Path, catalog: Catalog) -> Iterator[str]:
    """Yield a line for each text to translate, and for each file that is not what it should be."""
    for message in catalog:
        if not message.id:
            continue
        text = message.id[0] if isinstance(message.id, tuple) else message.id
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.fuzzy:
            yield f"{text!r} is marked fuzzy: look at it and remove the mark."
        elif not all(strings):
            yield f"{text!r} is not translated."
        else:
            yield from (f"{text!r}: {error}" for error in message.check(catalog))
<% if cookiecutter.__with_allauth == "yes" %>
    # A text that has gone does no harm in them; the next `fab messages` leaves it out.
    mo = po.with_suffix(".mo")
    with po.open("rb") as file:
        written = translated(po, str(catalog.locale), read_po(file, locale=catalog.locale))
    if not mo.exists() or mo.read_bytes() != as_mo(written):
        yield f"{mo.name} is out of date."
<% else %>
    for file, content in ((po, as_po(catalog)), (po.with_suffix(".mo"), as_mo(catalog))):
        if not file.exists() or file.read_bytes() != content:
            yield f"{file.name} is out of date."
<% endif %>
