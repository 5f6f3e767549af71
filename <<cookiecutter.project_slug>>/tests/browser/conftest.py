"""The browser: https://playwright.dev/python/docs/test-runners."""

import os
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page

# On its first start, the site installs its packages.
START_SECONDS = 180


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], browser_name: str
) -> dict[str, Any]:
    """Use the installed Chromium, or else Playwright's own."""
    options = {"executable_path": os.environ.get("CHROMIUM") or None}
    return {**browser_type_launch_args, **(options if browser_name == "chromium" else {})}


@pytest.fixture(scope="session", autouse=True)
def site(base_url: str) -> None:
    """Wait until the site responds and has its stylesheet; fail if it does not."""
    deadline = time.monotonic() + START_SECONDS
    open_url = build_opener(ProxyHandler({})).open
    for path in ("/readyz", "/static/dist/css/main.css"):
        while True:
            try:
                open_url(base_url + path, timeout=10).close()
                break
            except (URLError, OSError) as error:
                if time.monotonic() > deadline:
                    pytest.exit(f"{base_url}{path}: {error}. See: fab logs", returncode=1)
                time.sleep(0.5)


@pytest.fixture(autouse=True)
def no_page_errors(page: Page) -> Iterator[None]:
    """Fail if the page has a script error or violates its Content Security Policy."""
    problems: list[str] = []

    def record_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(message.text)

    def record_error(error: Error) -> None:
        problems.append(error.message)

    page.on("console", record_console)
    page.on("pageerror", record_error)
    yield
    assert not problems
