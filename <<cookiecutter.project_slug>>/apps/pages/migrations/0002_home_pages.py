from uuid import uuid4

from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def make_home_pages(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the site's first page in each language, in place of Wagtail's own."""
    ContentType = apps.get_model("contenttypes.ContentType")
    Locale = apps.get_model("wagtailcore.Locale")
    Page = apps.get_model("wagtailcore.Page")
    Site = apps.get_model("wagtailcore.Site")
    HomePage = apps.get_model("pages.HomePage")

    # The site goes with it.
    Page.objects.filter(depth=2, slug="home", content_type__model="page").delete()
    content_type, _ = ContentType.objects.get_or_create(app_label="pages", model="homepage")
    key = uuid4()
    homes = []
    for number, (code, _) in enumerate(settings.LANGUAGES, 1):
        slug = "home" if code == settings.LANGUAGE_CODE else f"home-{code.lower()}"
        locale, _ = Locale.objects.get_or_create(language_code=code)
        homes.append(
            HomePage.objects.create(
                title=settings.SITE_NAME,
                draft_title=settings.SITE_NAME,
                slug=slug,
                url_path=f"/{slug}/",
                path=f"0001{number:04X}",
                depth=2,
                locale=locale,
                translation_key=key,
                content_type=content_type,
            )
        )
    Page.objects.filter(depth=1).update(numchild=len(homes))
    # Where the site is, for mail and previews; Settings > Sites changes it.
    Site.objects.create(
        hostname=settings.ALLOWED_HOSTS[0].lstrip("."),
        port=443 if settings.SECURE_SSL_REDIRECT else 80,
        site_name=settings.SITE_NAME,
        root_page=homes[0],
        is_default_site=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("pages", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(make_home_pages, migrations.RunPython.noop),
    ]
