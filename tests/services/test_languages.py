"""Languages, added by the steps in docs/translation.md; they need GNU gettext."""

from collections.abc import Callable

import pytest

from tests import languages
from tests.project import Install, Project, replace_once

# Languages besides the one of the document: locale, code and name.
OTHERS = {
    "de": ("de", "Deutsch"),
    "ar": ("ar", "العربية"),
    "zh_Hans": ("zh-hans", "简体中文"),
}
PAGE = """
import sys
import config.wsgi
from django.test import Client
path, accepted = sys.argv[1:]
response = Client().get(path, headers={"accept-language": accepted}, follow=True)
print(response.status_code)
print(" ".join(response.text.split()))
"""


def get(project: Project, path: str, language: str = "") -> str:
    """Return a page for a browser's preferred language, with whitespace collapsed."""
    output = project.run("python", "-c", PAGE, path, language, ALLOWED_HOSTS="testserver").stdout
    status, page = output.splitlines()[-2:]
    assert status == "200", page
    return page


@pytest.fixture(scope="module")
def set_up_project(cookies_session, install: Install) -> Callable[[], Project]:
    """Return a function that creates a project with a database."""

    def set_up() -> Project:
        project = install(cookies_session.bake().project_path)
        project.run("fab", "setup")
        return project

    return set_up


@pytest.fixture(scope="module")
def translated(set_up_project: Callable[[], Project]) -> Project:
    """Return a project with the document's language and three others."""
    project = set_up_project()
    for locale in (languages.LOCALE, *OTHERS):
        languages.make_messages(project, locale)
        languages.translate(project, locale)
    languages.compile_messages(project)
    languages.add_to_settings(project)
    others = "".join(f', ("{code}", "{name}")' for code, name in OTHERS.values())
    last = f'"{languages.NAME}")'
    replace_once(project.folder / "config/settings.py", last, last + others)
    project.run("ruff", "format", "config/settings.py")
    return project


@pytest.mark.parametrize(
    ("code", "direction"), [("pt-br", "ltr"), ("de", "ltr"), ("ar", "rtl"), ("zh-hans", "ltr")]
)
def test_added_language(translated: Project, code: str, direction: str) -> None:
    """After the three documented steps, pages are in the visitor's language: pt-br, de, ar or zh-hans."""
    page = get(translated, "/account/login/", code)
    assert f'<html lang="{code}" dir="{direction}">' in page
    assert "«Skip to content»" in page


def test_english_is_the_fallback(translated: Project) -> None:
    """A visitor who prefers none of the added languages gets English."""
    page = get(translated, "/account/login/", "fr")
    assert '<html lang="en" dir="ltr">' in page
    assert "«" not in page


def test_another_default_language(cookies_session, install: Install) -> None:
    """A site in Chinese only, in its own time zone, passes its checks without LocaleMiddleware."""
    project = install(cookies_session.bake(extra_context={"tasks": "database"}).project_path)
    project.run("fab", "migrate")
    languages.make_messages(project, "zh_Hans")
    languages.translate(project, "zh_Hans")
    languages.compile_messages(project)
    for old, new in (
        ('LANGUAGE_CODE = "en"', 'LANGUAGE_CODE = "zh-hans"'),
        ('("en", "English")', '("zh-hans", "简体中文")'),
        ('TIME_ZONE = "UTC"', 'TIME_ZONE = "Europe/Berlin"'),
    ):
        replace_once(project.folder / "config/settings.py", old, new)
    page = get(project, "/account/login/", "fr")
    assert '<html lang="zh-hans" dir="ltr">' in page
    assert "«Skip to content»" in page
    assert "All is well" in project.run("fab", "check").stdout


def test_language_prefixes_and_switcher(translated: Project) -> None:
    """With languages in the URLs, a switcher and an untranslated text, `fab check` passes."""
    languages.add_urls(translated)
    languages.add_switcher(translated)
    home = "apps/core/templates/core/home.html"
    replace_once(translated.folder / home, '"It works"', '"Products"')
    assert '<html lang="pt-br" dir="ltr">' in get(translated, "/pt-br/account/login/", "de")
    assert '<html lang="en" dir="ltr">' in get(translated, "/account/login/", "de")
    assert "Products" in get(translated, "/pt-br/")
    assert 'hreflang="pt-br"' in get(translated, "/sitemap.xml")
    assert "All is well" in translated.run("fab", "check").stdout
