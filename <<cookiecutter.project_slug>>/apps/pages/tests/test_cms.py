"""The CMS: access, its Content Security Policy, and uploads."""

import json
from contextlib import closing
from importlib import import_module
from io import BytesIO
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import path, reverse
from PIL import Image as Picture
from pytest_django import Settings
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.models import Page, Site

from apps.accounts.tests.factories import make_superuser, make_user
from apps.pages.models import ContentPage
from apps.pages.tests.factories import home, make_image, make_page, make_picture
from apps.pages.views import search

pytestmark = pytest.mark.django_db

# The test client's response class is not public.
type Response = Any

CMS = "/cms/"


# --- Access -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "pages/", "images/", "login/", "account/", "api/main/pages/"])
def test_visitors_are_redirected_to_the_sites_sign_in(client: Client, path: str) -> None:
    response = client.get(CMS + path)
    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/?next=/cms/")


def test_users_who_are_not_staff_have_no_access(client: Client) -> None:
    user = make_user()
    user.groups.add(Group.objects.get(name="Moderators"))
    client.force_login(user)
    assert client.get(CMS).status_code == 403


def test_staff_without_a_role_have_no_access(client: Client) -> None:
    client.force_login(make_user(is_staff=True))
    response = client.get(CMS)
    assert (response.status_code, response["Location"]) == (302, "/account/login/?next=/cms/")


def test_an_editor_has_access(editor: Client) -> None:
    assert editor.get(CMS).status_code == 200
    assert editor.get(reverse("wagtailadmin_explore", args=[home().pk])).status_code == 200


@pytest.mark.parametrize("path", ["password_reset/", "password_reset/done/"])
def test_the_cms_has_no_password_reset(editor: Client, path: str) -> None:
    assert editor.get(CMS + path).status_code == 404


@pytest.mark.parametrize("name", ["index", "add"])
def test_accounts_are_not_managed_in_the_cms(client: Client, name: str) -> None:
    client.force_login(make_superuser())
    response = client.get(reverse(f"wagtailusers_users:{name}"))
    assert (response.status_code, response["Location"]) == (302, CMS)
    page = client.get(reverse("wagtailadmin_account"))
    assert page.status_code == 200
    for field in ("first_name", "email", "password"):
        assert field not in page.text.replace("name_email", "")


def test_user_settings_are_saved(editor: Client) -> None:
    form = {"locale-preferred_language": "de", "locale-current_time_zone": "UTC"}
    form |= {"theme-theme": "dark", "theme-density": "default", "theme-contrast": "system"}
    response = editor.post(reverse("wagtailadmin_account"), form)
    assert response.status_code == 302
    assert 'lang="de"' in editor.get(CMS).text


# --- Writing ------------------------------------------------------------------------------


def page_form(title: str, **fields: str) -> dict[str, str]:
    """Return the form of a page with a heading and a text."""
    text = {"blocks": [{"key": "a", "text": "Row upstream", "type": "unstyled"}], "entityMap": {}}
    blocks = (("heading", "Above"), ("text", json.dumps(text)))
    form = {"title": title, "slug": title.lower(), "introduction": "", "body-count": "2"}
    for number, (kind, value) in enumerate(blocks):
        form |= {
            f"body-{number}-type": kind,
            f"body-{number}-order": str(number),
            f"body-{number}-deleted": "",
            f"body-{number}-value": value,
        }
    return {**form, "comments-TOTAL_FORMS": "0", "comments-INITIAL_FORMS": "0", **fields}


def test_a_published_page_is_shown_and_found(editor: Client) -> None:
    url = reverse("wagtailadmin_pages:add", args=["pages", "contentpage", home().pk])
    editor.post(url, page_form("Boats"))
    page = ContentPage.objects.get(slug="boats")
    assert not page.live
    assert Client().get("/boats/").status_code == 404
    url = reverse("wagtailadmin_pages:edit", args=[page.pk])
    editor.post(url, page_form("Boats", **{"action-publish": "true"}))
    text = Client().get("/boats/").text
    assert "Row upstream" in text
    assert "<h2>Above</h2>" in text
    assert "/boats/" in Client().get("/search/?query=upstream").text


# --- Taken URLs ---------------------------------------------------------------------------

# URLs of the site itself, in every project.
TAKEN = ["admin", "account", "cms", "search", "media", "static"]


def add(editor: Client, slug: str, **fields: str) -> Response:
    """Submit the form of a new page below the home page."""
    url = reverse("wagtailadmin_pages:add", args=["pages", "contentpage", home().pk])
    return editor.post(url, page_form("New", slug=slug, **fields))


def bulk_action_url(action: str, page: Page) -> str:
    """Return the URL that confirms an action for selected pages."""
    url = reverse("wagtail_bulk_action", args=["wagtailcore", "page", action])
    return f"{url}?id={page.pk}&next={CMS}"


@pytest.mark.parametrize("slug", TAKEN)
def test_a_page_at_a_taken_url_is_refused(editor: Client, slug: str) -> None:
    """As a draft too, and when a page's slug is changed later."""
    assert "slug" in add(editor, slug).context["form"].errors
    assert add(editor, f"{slug}s").status_code == 302
    url = reverse("wagtailadmin_pages:edit", args=[ContentPage.objects.get().pk])
    response = editor.post(url, page_form("New", slug=slug, **{"action-publish": "true"}))
    assert "slug" in response.context["form"].errors


def test_the_home_page_may_have_any_slug(editor: Client) -> None:
    url = reverse("wagtailadmin_pages:edit", args=[home().pk])
    for slug in ("home", "search"):
        form = page_form("Home", slug=slug, **{"action-publish": "true"})
        assert editor.post(url, form).status_code == 302
        assert Client().get("/").status_code == 200


def test_a_copy_at_a_taken_url_is_refused(editor: Client) -> None:
    parent, page = make_page(), make_page()
    url = reverse("wagtailadmin_pages:copy", args=[page.pk])
    form = {"new_title": "Search", "new_slug": "search", "new_parent_page": str(home().pk)}
    assert "new_slug" in editor.post(url, form).context["form"].errors
    assert editor.post(url, form | {"new_parent_page": str(parent.pk)}).status_code == 302
    assert ContentPage.objects.get(slug="search").get_parent().specific == parent


def test_a_move_to_a_taken_url_is_refused(editor: Client) -> None:
    page = make_page(make_page(slug="section"), slug="search")
    url = reverse("wagtailadmin_pages:move_confirm", args=[page.pk, home().pk])
    assert "Choose another slug" in editor.post(url, follow=True).text
    response = editor.post(bulk_action_url("move", page), {"chooser": str(home().pk)}, follow=True)
    assert "Choose another slug" in response.text
    page.refresh_from_db()
    assert page.url == "/section/search/"


@pytest.mark.parametrize("taken", ["boats/", "boats/sails/"])
def test_check_reports_a_page_whose_url_is_taken_later(settings: Settings, taken: str) -> None:
    make_page(make_page(slug="boats"), slug="sails")
    assert not run_checks(tags=["database"], databases=["default"])
    urls = ModuleType("urls")
    urls.urlpatterns = [path(taken, search), *import_module(settings.ROOT_URLCONF).urlpatterns]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urls
    [warning] = run_checks(tags=["database"], databases=["default"])
    assert warning.id == "pages.W001"
    assert f"/{taken}." in warning.msg


# --- The first page -----------------------------------------------------------------------


@pytest.mark.parametrize("action", ["delete", "unpublish"])
def test_the_home_page_cannot_be_deleted_or_unpublished(client: Client, action: str) -> None:
    client.force_login(make_superuser())
    page = home()
    url = reverse(f"wagtailadmin_pages:{action}", args=[page.pk])
    assert "Settings &gt; Sites" in client.post(url, follow=True).text
    assert "Settings &gt; Sites" in client.post(bulk_action_url(action, page), follow=True).text
    assert Client().get("/").status_code == 200
    other = make_page()
    client.post(reverse(f"wagtailadmin_pages:{action}", args=[other.pk]))
    assert not ContentPage.objects.live().exists()


def test_the_home_page_cannot_expire(editor: Client) -> None:
    fields = {"expire_at": "2100-01-01 00:00", "action-publish": "true"}
    url = reverse("wagtailadmin_pages:edit", args=[home().pk])
    response = editor.post(url, page_form("Home", **fields))
    assert "expire_at" in response.context["form"].errors
    assert add(editor, "boats", **fields).status_code == 302


def test_the_default_site_cannot_be_deleted(client: Client) -> None:
    client.force_login(make_superuser())
    site = Site.objects.get()
    url = reverse("wagtailsites:delete", args=[site.pk])
    for response in (client.get(url, follow=True), client.post(url, follow=True)):
        assert "Make another one the default site first" in response.text
    assert client.get("/").status_code == 200
    Site.objects.update(is_default_site=False)
    Site.objects.create(hostname="example.org", root_page=site.root_page, is_default_site=True)
    client.post(url)
    assert not Site.objects.filter(pk=site.pk).exists()


@pytest.mark.parametrize("is_regular", [True, False])
def test_the_schedule_form_links_the_docs_unless_tasks_run(
    editor: Client, settings: Settings, is_regular: bool
) -> None:
    settings.SCHEDULED_PUBLISHING = is_regular
    text = editor.get(reverse("wagtailadmin_pages:edit", args=[home().pk])).text
    assert ("docs/cms.md" in text) is not is_regular


# --- The Content Security Policy ----------------------------------------------------------


def parse_csp(response: Response) -> dict[str, str]:
    """Return a response's Content Security Policy by directive."""
    parts = response["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


VIEWS = [
    "wagtailadmin_home",
    "wagtailimages:index",
    "wagtailimages:add_multiple",
    "wagtaildocs:index",
    "wagtailadmin_reports:locked_pages",
    "wagtailadmin_reports:site_history",
    "wagtailsites:index",
    "wagtailredirects:add",
    "wagtailadmin_workflows:add",
    "wagtailusers_groups:add",
    "wagtailadmin_account",
]


@pytest.mark.parametrize("name", VIEWS)
def test_every_part_of_the_cms_respects_the_csp(
    client: Client, settings: Settings, name: str
) -> None:
    """It allows the same scripts and styles as the site's, and pages contain no inline scripts."""
    client.force_login(make_superuser())
    response = client.get(reverse(name))
    assert response.status_code == 200
    csp = parse_csp(response)
    assert "unsafe" not in str(csp)
    assert csp["frame-ancestors"] == "'none'"
    assert csp["script-src"] == csp["style-src"] == "'self'"
    assert csp["img-src"] == "'self' data: blob:"
    assert not find_inline_scripts(response.text)


def find_inline_scripts(text: str) -> list[str]:
    """Return a page's inline scripts, except data and templates."""
    parts = [part.partition(">") for part in text.split("<script")[1:]]
    return [
        body[:80]
        for tag, _, body in parts
        if "src=" not in tag and "json" not in tag and "text/" not in tag
    ]


def test_forms_have_no_inline_scripts(client: Client) -> None:
    client.force_login(make_superuser())
    page = make_page()
    for name, *arguments in (
        ("wagtailadmin_pages:edit", page.pk),
        ("wagtailadmin_pages:copy", page.pk),
        ("wagtailadmin_pages:move", page.pk),
        ("wagtailadmin_pages:history", page.pk),
        ("wagtailusers_groups:edit", Group.objects.get(name="Editors").pk),
        ("wagtailadmin_workflows:edit", 1),
    ):
        text = client.get(reverse(name, args=arguments)).text
        assert not find_inline_scripts(text), name
        assert "site-start" in text or "history" in name


def test_a_preview_can_be_framed_only_by_the_site(editor: Client) -> None:
    page = make_page()
    url = reverse("wagtailadmin_pages:preview_on_edit", args=[page.pk])
    assert editor.post(url, page_form("Ships")).json()["is_valid"]
    response = editor.get(url)
    assert "Ships" in response.text
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    csp = parse_csp(response)
    assert csp["frame-ancestors"] == "'self'"
    assert "unsafe" not in str(csp)
    assert parse_csp(Client().get(page.url))["frame-ancestors"] == "'none'"


# --- Uploads ------------------------------------------------------------------------------


def upload(editor: Client, name: str, file: Any) -> Response:
    """Upload a file in the form for new images or documents."""
    return editor.post(reverse(name), {"title": "New", "file": file, "collection": "1"})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("page.html", b"<script>alert(1)</script>"),
        ("picture.png", b"<script>alert(1)</script>"),
        ("picture.exe", b"MZ"),
    ],
)
def test_a_file_that_is_not_an_image_is_refused(editor: Client, name: str, content: bytes) -> None:
    response = upload(editor, "wagtailimages:add", SimpleUploadedFile(name, content))
    assert response.status_code == 200
    assert not Image.objects.exists()


@pytest.mark.parametrize("kind", ["avif", "gif", "jpeg", "png", "webp"])
def test_a_truncated_image_is_refused(editor: Client, kind: str) -> None:
    """Its header is valid, but pages cannot show it."""
    data = BytesIO()
    Picture.effect_noise((640, 480), 100).convert("RGB").save(data, kind)
    for part in (0.05, 0.5, 0.95):
        file = SimpleUploadedFile(f"picture.{kind}", data.getvalue()[: int(data.tell() * part)])
        response = upload(editor, "wagtailimages:add", file)
        assert response.context["form"].errors.keys() == {"file"}
    file = SimpleUploadedFile(f"picture.{kind}", data.getvalue())
    assert upload(editor, "wagtailimages:add", file).status_code == 302


def test_an_image_is_accepted(editor: Client) -> None:
    response = upload(editor, "wagtailimages:add", make_picture())
    assert response.status_code == 302
    assert Image.objects.get().width == 1600


def test_an_image_with_too_many_pixels_is_refused(editor: Client, settings: Settings) -> None:
    settings.WAGTAILIMAGES_MAX_IMAGE_PIXELS = 100
    upload(editor, "wagtailimages:add", make_picture())
    assert not Image.objects.exists()


def test_a_large_file_is_refused(editor: Client, settings: Settings) -> None:
    assert settings.WAGTAILIMAGES_MAX_UPLOAD_SIZE < settings.BODY_MAX_BYTES
    data = BytesIO()
    Picture.effect_noise((3150, 3150), 100).save(data, "PNG")
    assert settings.WAGTAILIMAGES_MAX_UPLOAD_SIZE < data.tell() < settings.BODY_MAX_BYTES
    upload(editor, "wagtailimages:add", SimpleUploadedFile("long.png", data.getvalue()))
    upload(editor, "wagtaildocs:add", SimpleUploadedFile("long.pdf", data.getvalue()))
    assert not Image.objects.exists()
    assert not Document.objects.exists()


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "program.js", "x.exe"])
def test_documents_with_active_content_are_refused(editor: Client, name: str) -> None:
    upload(editor, "wagtaildocs:add", SimpleUploadedFile(name, b"<script>alert(1)</script>"))
    assert not Document.objects.exists()


@pytest.mark.parametrize("name", ["report.pdf", "words.txt"])
def test_a_document_is_downloaded(client: Client, name: str) -> None:
    document = Document.objects.create(title="Report", file=ContentFile(b"words", name=name))
    with closing(client.get(document.url)) as response:
        assert response.getvalue() == b"words"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'"


def test_the_cms_sends_no_requests_to_other_sites(client: Client) -> None:
    client.force_login(make_superuser())
    make_image()
    text = client.get(CMS).text + client.get(reverse("wagtailadmin_account")).text
    assert "gravatar" not in text
    assert "releases.wagtail" not in text
