"""The API, by either framework, as production serves it."""

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
from tests.project import Install

BOOKS = Path(__file__).with_name("books.py")
CODE = re.compile(r"^```python\n# (apps/\S+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
IMPORT = "from apps.books.api import router as books\n"


@dataclass
class Api:
    """A site with an API, and a user's token for it."""

    site: Site
    token: str


@pytest.fixture(scope="module", params=["ninja", "drf"])
def api(request: pytest.FixtureRequest, cookies_session, install: Install) -> Iterator[Api]:
    """Return a site with an API, served as behind a proxy that speaks HTTPS with the visitors."""
    project = install(cookies_session.bake(extra_context={"api": request.param}).project_path)
    production = Production(project)
    with production.serve(HTTPS="true", TRUST_PROXY="true") as site:
        production.run_python(
            "from apps.accounts.models import User\n"
            f"User.objects.create_superuser('ann@example.org', {PASSWORD!r}, name='Ann')"
        )
        token = production.manage("create_token", "ann@example.org", "--name", "test").split()[-1]
        yield Api(site, token)


def test_the_docs_page(api: Api, browser: Browser) -> None:
    """The page works under the strict policy, and requests nothing from other hosts."""
    visitors = Visitors(browser, api.site)
    page = visitors.open("/api/", "ann")
    expect(page.locator(".opblock")).to_have_count(4)
    assert "unsafe" not in page.request.get(page.url).headers["content-security-policy"]
    change = page.locator(".opblock-patch")
    change.locator(".opblock-summary-control").click()
    change.get_by_text("Try it out").click()
    change.locator("textarea").fill('{"name": "Ann of the page"}')
    change.locator(".execute").click()
    expect(change.locator(".live-responses-table tbody .response-col_status")).to_have_text("200")
    visitors.leave()


def test_requests_with_a_token(api: Api) -> None:
    """A client gets JSON and no cookie, also in errors; a wrong token is refused."""
    proxy = {"X_Forwarded_Proto": "https"}
    program = Visitor(api.site)
    response = program.get("/api/v1/me", Authorization=f"Bearer {api.token}", **proxy)
    assert (response.status, json.loads(response.text)["email"]) == (200, "ann@example.org")
    described = program.get("/api/v1/openapi.json", Authorization=f"Bearer {api.token}", **proxy)
    assert "/api/v1/me" in json.loads(described.text)["paths"]
    for path, token, status in (("/api/v1/me", "wrong", 401), ("/api/v1/none", api.token, 404)):
        refused = program.get(path, Authorization=f"Bearer {token}", **proxy)
        assert (refused.status, json.loads(refused.text).keys()) == (status, {"detail"})
    assert not program.cookies


def change(file: Path, old: str, new: str) -> None:
    """Replace a text that is in a file once."""
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("api", ["ninja", "drf"])
def test_the_recipes(api: str, bake: Bake, install: Install) -> None:
    """A nested object, a list and a file work as `docs/api.md` writes them, and keep to their description."""
    project = install(bake(api=api))
    folder = project.folder
    project.run("fab", "startapp", "books")
    change(folder / "config" / "settings.py", '    "apps.api",\n', '    "apps.api",\n    "apps.books",\n')
    for name, code in CODE.findall((folder / "docs" / "api.md").read_text()):
        (folder / name).write_text(code)
    if api == "ninja":
        v1 = folder / "apps" / "api" / "v1.py"
        change(v1, "    docs_url=None,\n)\n", '    docs_url=None,\n)\napi.add_router("/books", books)\n')
        change(v1, "TokenAuth, UserThrottle\n", f"TokenAuth, UserThrottle\n{IMPORT}")
    else:
        urls = folder / "apps" / "api" / "urls.py"
        change(urls, "import path\n", "import include, path\n")
        change(urls, '    path("me"', '    path("", include("apps.books.urls")),\n    path("me"')
    added = [
        f'        "{each}",\n' for each in ("GET /api/v1/books", "POST /api/v1/books", "POST /api/v1/books/")
    ]
    schema = folder / "apps" / "api" / "tests" / "test_schema.py"
    change(schema, "described == {\n", "".join(["described == {\n", *added]))
    project.run("fab", "manage", "makemigrations books")
    for check in ("ruff check apps", "ruff format --check apps", "mypy apps/api apps/books"):
        project.run("bash", "-c", check)
    project.run("fab", "manage", "check")
    shutil.copy(BOOKS, folder / "apps" / "books" / "tests" / "test_books.py")
    project.run("python", "-m", "pytest", "apps/books", "apps/api/tests/test_schema.py", "--quiet")
