"""People who visit a site in Chromium, and what every page they see is held to."""

import quopri
import re
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response

from tests.production import Site, wait_until

# The header of a proxy in front of the site: the visitor came by HTTPS.
PROXY = {"X-Forwarded-Proto": "https"}
PASSWORD = "correct horse battery staple"
# Ann may do everything, Bob and Max are staff without any right, the others have an account; "" has none.
PEOPLE = {
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
    # The desktop at 200 %.
    "zoomed": {"width": 640, "height": 400},
}

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
IN_PAGE = Path(__file__).with_name("in_page.js")


class Visitors:
    """Opens pages of one site, and notes what they complain of and what they ask of others.

    Strangers get a new browser each time; users with an account keep theirs, with its cache.
    """

    def __init__(self, browser: Browser, site: Site, files: str = "") -> None:
        """Visit this site, whose uploaded files are at another address."""
        self.browser = browser
        self.site = site
        self.files = urlsplit(files).netloc
        self.errors: list[tuple[str, str]] = []
        self.documents: set[str] = set()
        self.signed_in: dict[str, BrowserContext] = {}
        self.browsers: list[BrowserContext] = []

    def open(self, path: str = "/", who: str = "", size: str = "desktop", **options: object) -> Page:
        """Return a page in a new window; with `options`, Browser.new_context's, in another browser."""
        if who and who not in self.signed_in:
            page = self.open("/account/login/")
            send(page, username=f"{who}@example.org", password=PASSWORD)
            self.signed_in[who] = page.context
        context = self.signed_in.get(who)
        if options or not context:
            context = self.new_browser(storage_state=context and context.storage_state(), **options)
        page = context.new_page()
        page.set_viewport_size(SIZES[size])
        page.goto(self.url(path))
        return page

    def new_browser(self, **options: object) -> BrowserContext:
        """Return a new browser, whose errors are recorded."""
        context = self.browser.new_context(extra_http_headers=PROXY, **options)
        context.add_init_script(path=IN_PAGE)
        context.on("console", self.note_message)
        context.on("weberror", lambda error: self.errors.append((error.page.url, str(error.error))))
        context.on("response", self.note_response)
        self.browsers.append(context)
        return context

    def url(self, path: str) -> str:
        """Return the full address of a path; a full address stays."""
        return f"{self.site.url}{path}" if path.startswith("/") else path

    def link_mailed_to(self, who: str) -> str:
        """Return the link in a mail that the site has sent, once it has."""

        def link() -> str:
            log = quopri.decodestring(self.site.log_file.read_bytes()).decode(errors="replace")
            _, _, mail = log.rpartition(f"To: {who}@example.org")
            found = re.search(r"https?(://\S+/reset/\S+)", mail)
            return f"http{found[1]}" if found else ""

        return wait_until(link)

    def note_message(self, message: ConsoleMessage) -> None:
        """Note an error or a warning on a console."""
        if message.type in ("error", "warning"):
            self.errors.append((message.location["url"], message.text))

    def note_response(self, response: Response) -> None:
        """Note a response from another host; remember which addresses are pages."""
        url = response.url
        if response.request.is_navigation_request():
            self.documents.add(url)
        elif urlsplit(url).netloc not in ("", self.files, urlsplit(response.frame.url).netloc):
            self.errors.append((url, "is elsewhere"))

    def leave(self) -> None:
        """Close all windows; fail if there was an error."""
        # The browser's way to say on the console that a page, not one of its files, came with an error code.
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


def send(page: Page, **fields: str) -> None:
    """Fill in the page's form by the fields' names, and send it."""
    form = page.locator("main form")
    for name, text in fields.items():
        form.locator(f"[name={name}]").fill(text)
    follow(form.locator("[type=submit]").first)


def follow(link: Locator) -> None:
    """Click on what leads to another page, and wait for that."""
    with link.page.expect_navigation():
        link.click()


def findings(page: Page) -> list[str]:
    """Return what axe finds, a line each."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(Axe().axe_script)
    return page.evaluate("inPage.findings", {"runOnly": RULES, "resultTypes": ["violations"]})


def check_page(page: Page) -> None:
    """Fail if axe finds anything or the page is wider than the window, at both sizes and in both themes."""
    found = []
    for size in ("phone", "desktop"):
        page.set_viewport_size(SIZES[size])
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > SIZES[size]["width"]:
            found.append(f"{size}: {wide} pixels wide")
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            found += [f"{size}, {theme}: {finding}" for finding in findings(page)]
    assert not found, "\n".join([page.url, *found])
