"""The pages, as visitors see them."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings
from wagtail.contrib.redirects.models import Redirect
from wagtail.models import PageViewRestriction, Site
from wagtail.rich_text import RichText

from apps.accounts.tests.factories import make_user
from apps.pages.blocks import ActionBlock
from apps.pages.models import ContentPage, HomePage
from apps.pages.tests.factories import home, make_image, make_page, seed

pytestmark = pytest.mark.django_db


def test_the_home_page(client: Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert page.context["page"].specific == home()
    assert "dist/css/main.css" in page.text


def test_the_home_page_shows_its_content(client: Client) -> None:
    page = home()
    page.body = [("heading", "What the river brings")]
    page.save_revision().publish()
    text = client.get("/").text
    assert "<h2>What the river brings</h2>" in text
    assert 'id="next-title"' not in text


def test_every_block_is_shown(client: Client) -> None:
    image = make_image()
    image.contextual_alt_text, image.decorative = "A <calm> lake", False
    other = make_page(title="Boats")
    page = make_page(
        introduction="Before the text",
        body=[
            ("heading", "Above"),
            ("text", RichText("<p>Some <b>words</b></p>")),
            ("picture", {"image": image, "caption": "In spring"}),
            ("quote", {"text": "Row!", "source": "The cox"}),
            ("action", {"text": "Get in", "page": other}),
            ("action", {"text": "Get out", "address": "https://example.org/"}),
        ],
    )
    text = client.get(page.url).text
    for part in (
        "Before the text",
        "<h2>Above</h2>",
        "<b>words</b>",
        'alt="A &lt;calm&gt; lake"',
        "<figcaption>In spring</figcaption>",
        "<p>Row!</p>",
        f'href="{other.url}">Get in</a>',
        'href="https://example.org/">Get out</a>',
    ):
        assert part in text
    [picture] = re.findall(r"<img [^>]*srcset=[^>]*>", text)
    for part in ('width="480"', 'height="270"', 'loading="lazy"', "480w", "960w", "1440w", ".webp"):
        assert part in picture


def test_a_decorative_image_has_an_empty_alt_text(client: Client) -> None:
    image = make_image()
    image.contextual_alt_text, image.decorative = "", True
    page = make_page(body=[("picture", {"image": image})])
    assert 'alt=""' in re.findall(r"<img [^>]*srcset=[^>]*>", client.get(page.url).text)[0]


@pytest.mark.parametrize("both", [False, True])
def test_a_call_to_action_has_one_target(both: bool) -> None:
    block = ActionBlock()
    page, address = (home().pk, "https://example.org/") if both else (None, "")
    with pytest.raises(ValidationError):
        block.clean(block.to_python({"text": "Go", "page": page, "address": address}))


def test_the_sitemap_lists_public_pages(client: Client) -> None:
    make_page(slug="boats")
    private = make_page(slug="private")
    PageViewRestriction.objects.create(page=private, restriction_type="login")
    draft = ContentPage(title="Draft", slug="draft", live=False)
    home().add_child(instance=draft)
    text = client.get("/sitemap.xml").text
    found = re.findall("<loc>http://testserver(.*?)</loc>", text)
    assert found == ["/", "/boats/"]


def test_a_private_page_redirects_to_sign_in(client: Client) -> None:
    page = make_page(slug="private")
    PageViewRestriction.objects.create(page=page, restriction_type="login")
    response = client.get(page.url)
    assert (response.status_code, response["Location"]) == (302, "/account/login/?next=/private/")
    client.force_login(make_user())
    assert client.get(page.url).status_code == 200


def test_a_draft_is_not_shown(client: Client) -> None:
    page = make_page(title="Boats")
    page.title = "Ships"
    page.save_revision()
    assert "Ships" not in client.get(page.url).text
    page.unpublish()
    assert client.get(page.url).status_code == 404


type Rename = Callable[[ContentPage, str], None]


@pytest.fixture
def rename(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Rename:
    """Return a function that changes a page's slug, for which Wagtail creates a redirect."""

    def rename(page: ContentPage, slug: str) -> None:
        page.slug = slug
        with django_capture_on_commit_callbacks(execute=True):
            page.save_revision().publish()

    return rename


def test_an_old_url_redirects_to_the_new_one(client: Client, rename: Rename) -> None:
    rename(make_page(slug="boats"), "ships")
    for query in ("", "?page=2&q=%C3%BC"):
        response = client.get(f"/boats/{query}")
        assert (response.status_code, response["Location"]) == (301, f"/ships/{query}")
        assert response["Cache-Control"] == "no-cache"


def test_a_redirect_leads_only_to_a_live_page(client: Client, rename: Rename) -> None:
    page = make_page(slug="boats")
    rename(page, "ships")
    rename(page, "boats")
    assert client.get("/ships/")["Location"] == "/boats/"
    assert client.get("/boats/").status_code == 200
    page.unpublish()
    for url in ("/boats/", "/ships/", "/boats/?q=1"):
        assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("old", "link", "url", "location"),
    [
        ("/old", "/new/", "/old/?q=1", "/new/?q=1"),
        ("/old", "https://example.org/", "/old/?q=1", "https://example.org/?q=1"),
        ("/old", "/new/?page=2", "/old/?q=1", "/new/?page=2"),
        ("/old?q=1", "/new/", "/old/?q=1", "/new/"),
        ("/old", "/old/", "/old/", ""),
        ("/old", "/old/?q=1", "/old/", ""),
        ("/old", "http://testserver/old", "/old/", ""),
    ],
)
def test_manual_redirects(client: Client, old: str, link: str, url: str, location: str) -> None:
    Redirect.objects.create(old_path=old, redirect_link=link)
    response = client.get(url)
    assert response.status_code == (301 if location else 404)
    assert response.get("Location", "") == location


def test_a_page_without_a_url_is_left_out(client: Client) -> None:
    """Such as a sibling or ancestor of the site's first page."""
    sibling = make_page(title="Sibling", show_in_menus=True)
    first = make_page(title="First")
    make_page(
        first,
        slug="below",
        show_in_menus=True,
        body=[
            ("text", RichText(f'<p><a linktype="page" id="{sibling.pk}">Aside</a></p>')),
            ("action", {"text": "Go", "page": sibling}),
        ],
    )
    Site.objects.update(root_page=first)
    text = client.get("/below/").text
    assert "Aside" in text
    assert "None" not in text
    assert [link for link in re.findall(r'href="(/[^"]*)"', text) if "below" in link]
    assert "Sibling" not in text + client.get("/search/?query=sibling").text
    found = re.findall("<loc>http://testserver(.*?)</loc>", client.get("/sitemap.xml").text)
    assert found == ["/", "/below/"]


def test_without_a_site_there_are_no_pages(client: Client) -> None:
    make_page(slug="boats")
    Site.objects.all().delete()
    assert "<loc>" not in client.get("/sitemap.xml").text
    assert client.get("/search/?query=boats").status_code == 200
    assert client.get("/account/login/").status_code == 200
    assert client.get("/").status_code == 404
    with pytest.raises(CommandError, match="Settings > Sites"):
        seed()


def test_the_menu_links_to_the_marked_pages(client: Client) -> None:
    boats = make_page(title="Boats", slug="boats")
    make_page(boats, title="Sails", slug="sails")
    make_page(title="Hidden", slug="hidden", show_in_menus=False)
    PageViewRestriction.objects.create(page=make_page(title="Private"), restriction_type="login")
    make_page(title="Lakes", slug="lakes")
    for url, boats_are in (("/", ""), ("/boats/", "page"), ("/boats/sails/", "true")):
        [menu] = re.findall(r'<nav class="site-nav menu".*?</nav>', client.get(url).text, re.S)
        assert re.findall(r">(\w+)</a>", menu) == ["Boats", "Lakes"]
        assert re.findall(r'aria-current="(\w+)"', menu) == [boats_are] * bool(boats_are)
    assert "site-nav menu" in client.get("/account/login/").text


@pytest.mark.parametrize("url", ["/", "/about-us/"])
def test_a_page_makes_few_queries(
    client: Client, url: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """However many pages there are; the first request fills the cache."""
    seed()
    client.get(url)
    with django_assert_max_num_queries(14):
        assert client.get(url).status_code == 200


def test_pages_work_without_the_cache(client: Client, settings: Settings) -> None:
    seed()
    nowhere = "redis://127.0.0.1:1"
    settings.CACHES = {"default": {"BACKEND": "apps.pages.cache.PagesCache", "LOCATION": nowhere}}
    for url in ("/", "/about-us/", "/search/?query=us"):
        assert client.get(url).status_code == 200


def test_seed_is_idempotent(client: Client) -> None:
    seed()
    count = ContentPage.objects.count()
    seed()
    assert ContentPage.objects.count() == count
    for page in ContentPage.objects.all():
        assert client.get(page.url).status_code == 200


def test_the_page_tree_is_consistent() -> None:
    assert HomePage.find_problems() == ([], [], [], [], [])
    assert Group.objects.filter(name="Editors").exists()
