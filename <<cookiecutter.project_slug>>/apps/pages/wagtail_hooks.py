"""https://docs.wagtail.org/en/stable/reference/hooks.html"""

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from wagtail import hooks


@hooks.register("insert_global_admin_js")
def start_widgets() -> SafeString:
    """Load what starts the widgets on every page of the CMS."""
    return format_html('<script src="{}"></script>', static("dist/js/cms.js"))
