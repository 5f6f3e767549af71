"""The pages as visitors get them."""

import re

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings
from wagtail.models import PageViewRestriction
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


def test_a_home_page_shows_what_has_been_written(client: Client) -> None:
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


def test_a_decorative_picture_has_an_empty_description(client: Client) -> None:
    image = make_image()
    image.contextual_alt_text, image.decorative = "", True
    page = make_page(body=[("picture", {"image": image})])
    assert 'alt=""' in re.findall(r"<img [^>]*srcset=[^>]*>", client.get(page.url).text)[0]


@pytest.mark.parametrize("both", [False, True])
def test_a_call_to_action_leads_to_one_place(both: bool) -> None:
    block = ActionBlock()
    page, address = (home().pk, "https://example.org/") if both else (None, "")
    with pytest.raises(ValidationError):
        block.clean(block.to_python({"text": "Go", "page": page, "address": address}))


def test_the_sitemap_has_what_everybody_may_read(client: Client) -> None:
    make_page(slug="boats")
    private = make_page(slug="private")
    PageViewRestriction.objects.create(page=private, restriction_type="login")
    draft = ContentPage(title="Draft", slug="draft", live=False)
    home().add_child(instance=draft)
    text = client.get("/sitemap.xml").text
    found = re.findall("<loc>http://testserver(.*?)</loc>", text)
    assert found == ["/", "/boats/"]


def test_a_private_page_leads_to_the_sites_own_sign_in(client: Client) -> None:
    page = make_page(slug="private")
    PageViewRestriction.objects.create(page=page, restriction_type="login")
    answer = client.get(page.url)
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/?next=/private/")
    client.force_login(make_user())
    assert client.get(page.url).status_code == 200


def test_a_draft_is_shown_to_nobody(client: Client) -> None:
    page = make_page(title="Boats")
    page.title = "Ships"
    page.save_revision()
    assert "Ships" not in client.get(page.url).text
    page.unpublish()
    assert client.get(page.url).status_code == 404


def test_an_address_that_has_changed_leads_on(
    client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    page = make_page(slug="boats")
    page.slug = "ships"
    with django_capture_on_commit_callbacks(execute=True):
        page.save_revision().publish()
    answer = client.get("/boats/")
    assert (answer.status_code, answer["Location"]) == (301, "/ships/")


@pytest.mark.parametrize("address", ["/", "/about-us/"])
def test_a_page_takes_few_queries(
    client: Client, address: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """However many pages there are; the first request fills the cache."""
    seed()
    client.get(address)
    with django_assert_max_num_queries(14):
        assert client.get(address).status_code == 200


def test_pages_go_on_without_the_cache(client: Client, settings: Settings) -> None:
    seed()
    nowhere = "redis://127.0.0.1:1"
    settings.CACHES = {"default": {"BACKEND": "apps.pages.cache.PagesCache", "LOCATION": nowhere}}
    for address in ("/", "/about-us/", "/search/?query=us"):
        assert client.get(address).status_code == 200


def test_a_seed_is_sown_once(client: Client) -> None:
    seed()
    count = ContentPage.objects.count()
    seed()
    assert ContentPage.objects.count() == count
    for page in ContentPage.objects.all():
        assert client.get(page.url).status_code == 200


def test_the_tree_is_sound() -> None:
    assert HomePage.find_problems() == ([], [], [], [], [])
    assert Group.objects.filter(name="Editors").exists()
