"""Pages for tests; `fab seed` uses them too."""

from io import BytesIO
from itertools import count
from typing import Any

from django.core.files.images import ImageFile
from django.core.management.base import CommandError
from PIL import Image as Picture
from wagtail.images.models import Image
from wagtail.models import Page, Site
from wagtail.rich_text import RichText

from apps.pages.models import ContentPage, HomePage

numbers = count(1)


def make_picture(name: str = "picture.png", width: int = 1600, height: int = 900) -> ImageFile:
    """Return an image file: a sky above water."""
    image = Picture.new("RGB", (width, height), "#a8e2ec")
    image.paste("#0a5566", (0, height * 2 // 3, width, height))
    file = BytesIO()
    image.save(file, "PNG")
    file.seek(0)
    return ImageFile(file, name=name)


def make_image(title: str = "Water", **options: Any) -> Image:
    """Create an image in the CMS."""
    return Image.objects.create(title=title, file=make_picture(**options))


def home() -> HomePage:
    """Return the home page, which a migration creates."""
    return HomePage.objects.get(sites_rooted_here__is_default_site=True)


def make_page(parent: Page | None = None, **fields: Any) -> ContentPage:
    """Create a published page, by default below the home page."""
    page = ContentPage(**{"title": f"Page {next(numbers)}", "show_in_menus": True, **fields})
    (parent or home()).add_child(instance=page)
    page.save_revision().publish()
    return page


# The pages below the home page: title and introduction.
PAGES = {
    "About us": "Who we are, and what we do.",
    "Services": "What you can have from us, and what it takes.",
    "Contact": "How to reach us.",
}


def seed() -> str:
    """Create the missing pages of a site in development; return a summary."""
    if not Site.objects.filter(is_default_site=True).exists():
        raise CommandError("No default site: add one in the CMS, Settings > Sites, then try again.")
    image = Image.objects.filter(title="Water").first() or make_image()
    image.contextual_alt_text = "Water below a clear sky"
    image.decorative = False
    for title, introduction in PAGES.items():
        if not ContentPage.objects.filter(title=title).exists():
            make_page(
                title=title,
                introduction=introduction,
                body=[
                    ("heading", title),
                    ("text", RichText(f"<p>{introduction}</p>")),
                    ("picture", {"image": image}),
                    ("quote", {"text": introduction}),
                ],
            )
    return f"{len(PAGES)} pages"
