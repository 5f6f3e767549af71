from django.urls import path
<% if cookiecutter.cms == "wagtail" %>
from wagtail.views import serve
<% else %>

from apps.core import views
<% endif %>

app_name = "core"
urlpatterns = [
<% if cookiecutter.cms == "wagtail" %>
    # The home page that editors write.
    path("", serve, {"path": ""}, name="home"),
<% else %>
    path("", views.HomeView.as_view(), name="home"),
<% endif %>
]
