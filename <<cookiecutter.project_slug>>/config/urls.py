"""The site's URLs: https://docs.djangoproject.com/en/6.1/topics/http/urls/

apps.core.middleware responds to /healthz and /readyz before these.
"""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
<% if cookiecutter.api == "none" %>
from django.urls import include, path
<% else %>
from django.urls import include, path, re_path
<% endif %>

<% if cookiecutter.api != "none" %>
from apps.api.pages import DocsView, not_found
<% endif %>
from apps.core import views
<% if cookiecutter.cms == "wagtail" %>
from apps.pages.sitemaps import SITEMAPS
from apps.pages.urls import cms_urlpatterns, pages_urlpatterns
<% else %>
from apps.core.sitemaps import SITEMAPS
<% endif %>

urlpatterns = [
    # Robots and browsers request exactly these URLs.
    path("favicon.ico", views.favicon),
    path("robots.txt", views.robots),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path(".well-known/security.txt", views.security),
<% if cookiecutter.api != "none" %>
    path("api/v1/", include("apps.api.urls")),
    # No other app can serve a URL of the API.
    re_path(r"^api/.", not_found),
<% endif %>
    # Uploaded files, in development only.
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
<% if cookiecutter.cms == "wagtail" %>
    *cms_urlpatterns,
<% endif %>
    path("", include("apps.core.urls")),
    path("account/", include("apps.<< 'authentication' if cookiecutter.__with_allauth == 'yes' else 'accounts' >>.urls")),
<% if cookiecutter.api != "none" %>
    path("api/", DocsView.as_view(), name="api_docs"),
<% endif %>
    path(settings.ADMIN_PATH, admin.site.urls),
<% if cookiecutter.cms == "wagtail" %>
    *pages_urlpatterns,
<% endif %>
]

handler400 = "apps.core.views.bad_request"
handler404 = "apps.core.views.page_not_found"
