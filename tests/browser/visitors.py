"""Visitors of a site in Chromium, and the checks that apply to every page they open."""

import quopri
import re
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response

from tests.production import Production, Site, wait_until

# The header of a proxy that terminates TLS.
PROXY = {"X-Forwarded-Proto": "https"}
PASSWORD = "correct horse battery staple"
# Ann is a superuser, Bob and Max are staff without permissions, the others have an account; "" is anonymous.
USERS = {
    "ann": {"is_staff": True, "is_superuser": True},
    "bob": {"is_staff": True},
    "eve": {},
    "joe": {},
    "kim": {},
    "lee": {},
    "lou": {},
    "max": {"is_staff": True},
}
SIZES = {
    "phone": {"width": 390, "height": 844},
    "desktop": {"width": 1280, "height": 800},
    # The desktop zoomed to 200 %.
    "zoomed": {"width": 640, "height": 400},
}

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
IN_PAGE = Path(__file__).with_name("in_page.js")


def create_users(production: Production, users: dict[str, dict[str, bool]], **variables: str) -> None:
    """Create users with these names and permissions."""
    script = (
        "from apps.accounts.models import User\n"
        f"for name, permissions in {users!r}.items():\n"
        f"    User.objects.create_user(f'{{name}}@example.org', {PASSWORD!r}, **permissions)"
    )
    production.run_python(script, **variables)


class Visitors:
    """Open pages of a site, and record their errors and their requests to other hosts.

    Anonymous visitors get a new browser each time; users keep theirs, with its cache.
    """

    def __init__(self, browser: Browser, site: Site, files: str = "") -> None:
        """Visit this site, whose uploaded files are at the URL `files`."""
        self.browser = browser
        self.site = site
        self.files = urlsplit(files).netloc
        self.errors: list[tuple[str, str]] = []
        self.documents: set[str] = set()
        self.signed_in: dict[str, BrowserContext] = {}
        self.browsers: list[BrowserContext] = []

    def open(self, path: str = "/", user_name: str = "", size: str = "desktop", **options: object) -> Page:
        """Open a page in a new window; with `options` of Browser.new_context, in another browser."""
        if user_name and user_name not in self.signed_in:
            page = self.open("/account/login/")
            submit(page, username=f"{user_name}@example.org", password=PASSWORD)
            self.signed_in[user_name] = page.context
        context = self.signed_in.get(user_name)
        if options or not context:
            context = self.open_browser(storage_state=context and context.storage_state(), **options)
        page = context.new_page()
        page.set_viewport_size(SIZES[size])
        page.goto(self.get_url(path))
        return page

    def open_browser(self, **options: object) -> BrowserContext:
        """Return a new browser, whose errors are recorded."""
        context = self.browser.new_context(extra_http_headers=PROXY, **options)
        context.add_init_script(path=IN_PAGE)
        context.on("console", self.record_message)
        context.on("weberror", lambda error: self.errors.append((error.page.url, str(error.error))))
        context.on("response", self.record_response)
        self.browsers.append(context)
        return context

    def get_url(self, path: str) -> str:
        """Return the absolute URL of a path; return an absolute URL unchanged."""
        return f"{self.site.url}{path}" if path.startswith("/") else path

    def wait_for_mailed_link(self, user_name: str) -> str:
        """Return the link in the mail to a user, once the site has sent it."""

        def find_link() -> str:
            log = quopri.decodestring(self.site.log_file.read_bytes()).decode(errors="replace")
            _, _, mail = log.rpartition(f"To: {user_name}@example.org")
            match = re.search(r"https?(://\S+/reset/\S+)", mail)
            return f"http{match[1]}" if match else ""

        return wait_until(find_link)

    def record_message(self, message: ConsoleMessage) -> None:
        """Record an error or a warning on the console."""
        if message.type in ("error", "warning"):
            self.errors.append((message.location["url"], message.text))

    def record_response(self, response: Response) -> None:
        """Record a response from another host; remember which URLs are pages."""
        url = response.url
        if response.request.is_navigation_request():
            self.documents.add(url)
        elif urlsplit(url).netloc not in ("", self.files, urlsplit(response.frame.url).netloc):
            self.errors.append((url, "is on another host"))

    def close(self) -> None:
        """Close all windows; fail if there was an error."""
        # Chromium logs this for an error status: expected of a page in some tests, but never of other files.
        page_failed = "Failed to load resource: the server responded with a status of"
        errors = [
            f"{url}: {text}"
            for url, text in self.errors
            if not (url in self.documents and text.startswith(page_failed))
        ]
        self.errors.clear()
        for context in self.browsers:
            for page in context.pages:
                page.close()
            if context not in self.signed_in.values():
                context.close()
        self.browsers = list(self.signed_in.values())
        assert not errors, "\n".join(errors)


def submit(page: Page, **fields: str) -> None:
    """Fill in the page's form by field name, and submit it."""
    form = page.locator("main form")
    for name, text in fields.items():
        form.locator(f"[name={name}]").fill(text)
    click_and_wait(form.locator("[type=submit]").first)


def click_and_wait(link: Locator) -> None:
    """Click a link or button, and wait for the next page."""
    with link.page.expect_navigation():
        link.click()


def find_violations(page: Page) -> list[str]:
    """Return axe's violations, one line each."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(Axe().axe_script)
    return page.evaluate("inPage.findViolations", {"runOnly": RULES, "resultTypes": ["violations"]})


def check_page(page: Page) -> None:
    """Fail if axe finds violations or the page overflows, at both sizes and in both themes."""
    problems = []
    for size in ("phone", "desktop"):
        page.set_viewport_size(SIZES[size])
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > SIZES[size]["width"]:
            problems.append(f"{size}: {width} pixels wide")
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            problems += [f"{size}, {theme}: {finding}" for finding in find_violations(page)]
    assert not problems, "\n".join([page.url, *problems])
