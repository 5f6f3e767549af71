"""https://docs.wagtail.org/en/stable/reference/hooks.html"""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from wagtail import hooks
from wagtail.admin import messages
from wagtail.models import Page, Site
from wagtail.rich_text.feature_registry import FeatureRegistry
from wagtail.rich_text.pages import PageLinkHandler
from wagtail.sites.views import DeleteView, SiteViewSet

from apps.pages.forms import TAKEN
from apps.pages.routing import is_taken


@hooks.register("insert_global_admin_js")
def start_widgets() -> SafeString:
    """Load the script that starts the widgets on every page of the CMS."""
    return format_html('<script src="{}"></script>', static("dist/js/cms.js"))


# --- Actions that would make pages unreachable -------------------------------------------


@hooks.register("before_delete_page")
@hooks.register("before_unpublish_page")
def keep_first_page(request: HttpRequest, page: Page) -> HttpResponse | None:
    """Refuse to delete or unpublish a site's first page, without which the site has no pages."""
    return refuse_first_page(request, [page], "wagtailadmin_pages:edit", page.pk)


@hooks.register("before_move_page")
def keep_reachable(request: HttpRequest, page: Page, destination: Page) -> HttpResponse | None:
    """Refuse to move a page to a URL that is already taken."""
    return refuse_taken(request, [page], destination, "wagtailadmin_pages:move", page.pk)


@hooks.register("before_bulk_action")
def check_bulk_action(
    request: HttpRequest, kind: str, objects: list[Any], action: Any
) -> HttpResponse | None:
    """Refuse the same actions for several selected pages."""
    if not issubclass(action.model, Page):
        return None
    if kind == "move":
        destination = action.cleaned_form.cleaned_data["chooser"]
        return refuse_taken(request, objects, destination, action.next_url)
    if kind in {"delete", "unpublish"}:
        return refuse_first_page(request, objects, action.next_url)
    return None


class SiteDeleteView(DeleteView):
    """Refuses to delete the default site, without which no page has a URL."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if Site.objects.exclude(pk=self.object.pk).filter(is_default_site=True).exists():
            return super().dispatch(request, *args, **kwargs)
        reason = _("Without it no page has a URL. Make another one the default site first.")
        messages.error(request, f"{self.object}: {reason}")
        return redirect(self.get_success_url())


SiteViewSet.delete_view_class = SiteDeleteView


def refuse_first_page(
    request: HttpRequest, pages: Iterable[Page], *back: Any
) -> HttpResponse | None:
    """Redirect back with the reason if one of the pages is, or is above, a site's first page."""
    for page in pages:
        sites = Site.objects.filter(root_page__in=page.get_descendants(inclusive=True))
        if site := sites.first():
            reason = _("The site %(site)s begins with this page: see Settings > Sites.")
            messages.error(request, f"{page.title}: {reason % {'site': site.hostname}}")
            return redirect(*back)
    return None


def refuse_taken(
    request: HttpRequest, pages: Iterable[Page], destination: Page, *back: Any
) -> HttpResponse | None:
    """Redirect back with the reason if one of the pages could not be reached at its new URL."""
    for page in pages:
        if is_taken(destination, page.slug):
            messages.error(request, f"{page.title}: {TAKEN}")
            return redirect(*back)
    return None


# --- Links -------------------------------------------------------------------------------


class LinkHandler(PageLinkHandler):
    """Writes no link to a page that has no URL."""

    @classmethod
    def expand_db_attributes_many(cls, attrs_list: list[dict[str, str]]) -> list[str]:
        pages = cls.get_many(attrs_list)
        urls = [page.localized.url if page else None for page in pages]
        return [f'<a href="{escape(url)}">' if url else "<a>" for url in urls]


@hooks.register("register_rich_text_features", order=1)
def register_links(features: FeatureRegistry) -> None:
    """Use this handler for links in text instead of Wagtail's."""
    features.register_link_type(LinkHandler)
