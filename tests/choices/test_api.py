"""The API with either framework, as production serves it."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visitors import PASSWORD, Visitors
from tests.conftest import Bake
from tests.production import Production, Site, Visitor
from tests.project import Install, replace_once

TESTS = Path(__file__).with_name("books.py")
CODE_BLOCK = re.compile(r"^```python\n# (apps/\S+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
IMPORT = "from apps.books.api import router as books\n"


@dataclass
class Api:
    """A site with an API, and a user's token for it."""

    site: Site
    token: str


@pytest.fixture(scope="module", params=["ninja", "drf"])
def api(request: pytest.FixtureRequest, cookies_session, install: Install) -> Iterator[Api]:
    """Return a site with an API, served as behind a proxy that terminates TLS."""
    project = install(cookies_session.bake(extra_context={"api": request.param}).project_path)
    production = Production(project)
    with production.serve(HTTPS="true", TRUST_PROXY="true") as site:
        production.run_python(
            "from apps.accounts.models import User\n"
            f"User.objects.create_superuser('ann@example.org', {PASSWORD!r}, name='Ann')"
        )
        token = production.manage("create_token", "ann@example.org", "--name", "test").split()[-1]
        yield Api(site, token)


def test_documentation_page(api: Api, browser: Browser) -> None:
    """The API's documentation page works under the CSP, and requests nothing from other hosts."""
    visitors = Visitors(browser, api.site)
    page = visitors.open("/api/", "ann")
    expect(page.locator(".opblock")).to_have_count(4)
    assert "unsafe" not in page.request.get(page.url).headers["content-security-policy"]
    patch = page.locator(".opblock-patch")
    patch.locator(".opblock-summary-control").click()
    patch.get_by_text("Try it out").click()
    patch.locator("textarea").fill('{"name": "Ann of the page"}')
    patch.locator(".execute").click()
    expect(patch.locator(".live-responses-table tbody .response-col_status")).to_have_text("200")
    visitors.close()


def test_requests_with_a_token(api: Api) -> None:
    """The API responds in JSON and sets no cookie, errors included; an invalid token gets a 401."""
    proxy = {"X_Forwarded_Proto": "https"}
    visitor = Visitor(api.site)
    response = visitor.get("/api/v1/me", Authorization=f"Bearer {api.token}", **proxy)
    assert (response.status, json.loads(response.text)["email"]) == (200, "ann@example.org")
    schema = visitor.get("/api/v1/openapi.json", Authorization=f"Bearer {api.token}", **proxy)
    assert "/api/v1/me" in json.loads(schema.text)["paths"]
    for path, token, status in (("/api/v1/me", "wrong", 401), ("/api/v1/none", api.token, 404)):
        error = visitor.get(path, Authorization=f"Bearer {token}", **proxy)
        assert (error.status, json.loads(error.text).keys()) == (status, {"detail"})
    assert not visitor.cookies


@pytest.mark.parametrize("api", ["ninja", "drf"])
def test_recipes(api: str, bake: Bake, install: Install) -> None:
    """The recipes in docs/api.md for a nested object, a list and an upload work as written."""
    project = install(bake(api=api))
    folder = project.folder
    project.run("fab", "startapp", "books")
    replace_once(
        folder / "config" / "settings.py", '    "apps.api",\n', '    "apps.api",\n    "apps.books",\n'
    )
    for name, code in CODE_BLOCK.findall((folder / "docs" / "api.md").read_text()):
        (folder / name).write_text(code)
    if api == "ninja":
        v1 = folder / "apps" / "api" / "v1.py"
        replace_once(
            v1, "    docs_url=None,\n)\n", '    docs_url=None,\n)\napi.add_router("/books", books)\n'
        )
        replace_once(v1, "TokenAuth, UserThrottle\n", f"TokenAuth, UserThrottle\n{IMPORT}")
    else:
        urls = folder / "apps" / "api" / "urls.py"
        replace_once(urls, "import path\n", "import include, path\n")
        replace_once(urls, '    path("me"', '    path("", include("apps.books.urls")),\n    path("me"')
    operations = [
        f'        "{each}",\n' for each in ("GET /api/v1/books", "POST /api/v1/books", "POST /api/v1/books/")
    ]
    schema = folder / "apps" / "api" / "tests" / "test_schema.py"
    replace_once(schema, "described == {\n", "".join(["described == {\n", *operations]))
    project.run("fab", "manage", "makemigrations books")
    for check in ("ruff check apps", "ruff format --check apps", "mypy apps/api apps/books"):
        project.run("bash", "-c", check)
    project.run("fab", "manage", "check")
    shutil.copy(TESTS, folder / "apps" / "books" / "tests" / "test_books.py")
    project.run("python", "-m", "pytest", "apps/books", "apps/api/tests/test_schema.py", "--quiet")
