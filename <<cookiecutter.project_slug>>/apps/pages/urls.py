"""The pages that editors write, and the CMS.

The pages match every remaining URL, so they come last.
"""

from django.conf import settings
from django.urls import include, path, re_path
from wagtail import views as wagtail_views
from wagtail.admin import urls as admin_urls
from wagtail.admin.auth import require_admin_access
from wagtail.documents import urls as document_urls
from wagtail.urls import serve_pattern
from wagtail.utils.urlpatterns import decorate_urlpatterns

from apps.pages import users, views
from apps.pages.access import cms_page

cms_urlpatterns = [
    path(
        settings.CMS_PATH,
        include(
            decorate_urlpatterns(
                [
                    # In place of Wagtail's own.
                    path("login/", users.SignInView.as_view()),
                    path("account/", require_admin_access(users.AccountView.as_view())),
                    *admin_urls.urlpatterns,
                ],
                cms_page,
            )
        ),
    ),
    path("documents/", include(document_urls)),
    # Wagtail reverses this name, although it then uses WAGTAIL_FRONTEND_LOGIN_URL.
    path("_util/login/", users.SignInView.as_view(), name="wagtailcore_login"),
]

pages_urlpatterns = [
    path("search/", views.search, name="search"),
    re_path(serve_pattern, wagtail_views.serve, name="wagtail_serve"),
]
