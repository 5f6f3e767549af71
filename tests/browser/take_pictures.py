"""Take the pictures of the documents. `make pictures` runs this; look at the result before you commit it."""

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pexpect
import pytest
from playwright.sync_api import Page, expect
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tests.browser.visitors import PASSWORD, Visitors
from tests.conftest import TEMPLATE
from tests.production import Production
from tests.project import Install, Project

PICTURES = TEMPLATE / "docs" / "images"
COLUMNS = 90
# The pictures must not load fonts from other hosts.
SVG = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


@pytest.fixture
def visitors_of_api(browser, cookies_session, install: Install) -> Iterator[Visitors]:
    """Return visitors of a site with an API."""
    project = install(cookies_session.bake(extra_context={"api": "ninja"}).project_path)
    production = Production(project)
    with production.serve(HTTPS="true", TRUST_PROXY="true") as site:
        production.run_python(
            "from apps.accounts.models import User\n"
            f"User.objects.create_superuser('ann@example.org', {PASSWORD!r}, name='Ann')"
        )
        yield Visitors(browser, site)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_first_page(visitors: Visitors, scheme: str) -> None:
    """Take the first page in each color scheme."""
    page = visitors.open("/", color_scheme=scheme)
    page.set_viewport_size({"width": 1280, "height": 1060})
    take_screenshot(page, f"first-page-{scheme}")


def test_admin(visitors: Visitors) -> None:
    """Take the admin's list of users."""
    take_screenshot(visitors.open("/admin/accounts/user/", "ann"), "admin")


def test_api(visitors_of_api: Visitors) -> None:
    """Take the API's documentation page."""
    page = visitors_of_api.open("/api/", "ann")
    expect(page.locator(".opblock")).not_to_have_count(0)
    take_screenshot(page, "api")


def test_terminal(project: Project, tmp_path: Path) -> None:
    """Take the output of `fab start` and `fab check` in a project after `fab setup`."""
    home = tmp_path / "home"
    home.mkdir()
    project.variables |= {"HOME": str(home), "TERM": "xterm-256color"}
    project.run("fab", "setup")
    try:
        record_command(project, "fab start")
    finally:
        project.run("fab", "stop")
    record_command(project, "fab check")


def take_screenshot(page: Page, name: str) -> None:
    """Save a screenshot of the viewport, without animations and cursor."""
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled", caret="hide")


def record_command(project: Project, command: str) -> None:
    """Save a picture of a command and its output in a terminal."""
    words = command.split()
    output, code = pexpect.run(
        command,
        cwd=project.folder,
        env=project.variables,
        timeout=600,
        withexitstatus=True,
        dimensions=(40, COLUMNS),
    )
    text = output.decode().replace("\r", "")
    assert code == 0, text
    console = Console(record=True, width=COLUMNS, file=StringIO())
    console.print(Text.from_ansi(f"$ {command}\n{text.rstrip()}"), soft_wrap=True)
    svg = console.export_svg(title=project.folder.name, code_format=SVG, unique_id="terminal")
    (PICTURES / f"{'-'.join(words)}.svg").write_text(svg, encoding="utf-8")
