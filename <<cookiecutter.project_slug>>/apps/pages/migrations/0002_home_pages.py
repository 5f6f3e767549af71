from urllib.parse import urlsplit

from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def make_home_page(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the site's first page, in place of Wagtail's own."""
    ContentType = apps.get_model("contenttypes.ContentType")
    Locale = apps.get_model("wagtailcore.Locale")
    Page = apps.get_model("wagtailcore.Page")
    Site = apps.get_model("wagtailcore.Site")
    HomePage = apps.get_model("pages.HomePage")

    # The site goes with it.
    Page.objects.filter(depth=2, slug="home", content_type__model="page").delete()
    content_type, _ = ContentType.objects.get_or_create(app_label="pages", model="homepage")
    locale, _ = Locale.objects.get_or_create(language_code=settings.LANGUAGE_CODE)
    home = HomePage.objects.create(
        title=settings.SITE_NAME,
        draft_title=settings.SITE_NAME,
        slug="home",
        url_path="/home/",
        path="00010001",
        depth=2,
        locale=locale,
        content_type=content_type,
    )
    Page.objects.filter(depth=1).update(numchild=1)
    # Where the site is, for mail and previews; Settings > Sites changes it.
    url = urlsplit(settings.WAGTAILADMIN_BASE_URL)
    Site.objects.create(
        hostname=url.hostname,
        port=url.port or (443 if url.scheme == "https" else 80),
        site_name=settings.SITE_NAME,
        root_page=home,
        is_default_site=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("pages", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(make_home_page, migrations.RunPython.noop),
    ]
