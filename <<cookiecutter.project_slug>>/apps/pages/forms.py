"""Validation of pages' forms in addition to Wagtail's own."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.pages import CopyForm, WagtailAdminPageForm

from apps.pages.routing import is_taken

TAKEN = _("Something else is at this page's URL. Choose another slug.")


class PageForm(WagtailAdminPageForm):
    """The form of a page, whose URL must lead to it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.SCHEDULED_PUBLISHING:
            for name in self.fields.keys() & {"go_live_at", "expire_at"}:
                self.fields[name].help_text = _(
                    "Nothing happens at this time until the site runs a schedule: docs/cms.md."
                )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if self.parent_page and "slug" in cleaned and is_taken(self.parent_page, cleaned["slug"]):
            self.add_error("slug", TAKEN)
        if cleaned.get("expire_at") and self.instance.pk and self.instance.is_site_root():
            self.add_error("expire_at", _("A site's first page cannot expire."))
        return cleaned


class PageCopyForm(CopyForm):
    """The form for copying a page, whose URL must lead to it."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        parent = cleaned.get("new_parent_page") or self.page.get_parent()
        if "new_slug" in cleaned and is_taken(parent, cleaned["new_slug"]):
            self.add_error("new_slug", TAKEN)
        return cleaned
