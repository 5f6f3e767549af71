"""The pages that editors write: https://docs.wagtail.org/en/stable/topics/pages.html"""

from typing import Any

from django.conf import settings
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.csp import CSP
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csp import csp_override
from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField
from wagtail.models import Page
from wagtail.search import index

from apps.pages.blocks import BodyBlock
from apps.pages.forms import PageCopyForm, PageForm
from apps.pages.routing import find_first_page

# The editor shows a page next to its form, in a frame: the only place where framing is allowed.
PREVIEW_CSP = {**settings.SECURE_CSP, "frame-ancestors": [CSP.SELF]}


class SitePage(Page):
    """The fields of all kinds of pages."""

    introduction = models.TextField(_("introduction"), max_length=500, blank=True)
    body = StreamField(BodyBlock(), verbose_name=_("body"), blank=True)

    content_panels = [*Page.content_panels, FieldPanel("introduction"), FieldPanel("body")]
    search_fields = [
        *Page.search_fields,
        index.SearchField("introduction"),
        index.SearchField("body"),
    ]
    base_form_class = PageForm
    copy_form_class = PageCopyForm

    class Meta:
        abstract = True

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add the pages below this one."""
        context = super().get_context(request, *args, **kwargs)
        context["children"] = self.get_children().live().public().in_menu()
        return context

    @method_decorator(csp_override(PREVIEW_CSP))
    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        """Return the current draft of the page."""
        return super().serve_preview(request, mode_name)


class HomePage(SitePage):
    """The first page. Until an editor has written its body, it shows what to do next."""

    parent_page_types = ["wagtailcore.Page"]

    class Meta:
        verbose_name = _("home page")
        verbose_name_plural = _("home pages")


class ContentPage(SitePage):
    """Any other page."""

    parent_page_types = ["pages.HomePage", "pages.ContentPage"]
    # In the menu, or in the list of the page above it, unless an editor says otherwise.
    show_in_menus_default = True

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add the pages above this one, from the home page down."""
        context = super().get_context(request, *args, **kwargs)
        first = find_first_page(request)
        context["parents"] = self.get_ancestors().filter(depth__gte=first.depth if first else 2)
        return context
