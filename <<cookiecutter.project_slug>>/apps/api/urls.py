<% if cookiecutter.api == "ninja" %>
from django.urls import path

from apps.api.v1 import api

urlpatterns = [path("", api.urls)]
<% else %>
from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from apps.api import views

app_name = "api"
urlpatterns = [
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("me", views.MeView.as_view(), name="me"),
    path("tokens", views.TokensView.as_view(), name="tokens"),
    path("tokens/<int:pk>", views.TokenView.as_view(), name="token"),
]
<% endif %>
