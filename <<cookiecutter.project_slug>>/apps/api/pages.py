from typing import NoReturn

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest
from django.views.generic import TemplateView


class DocsView(LoginRequiredMixin, TemplateView):
    """The API, to read and to try. For who may use it: to strangers it says nothing."""

    template_name = "api/docs.html"


def nothing(request: HttpRequest) -> NoReturn:
    """Answer that there is nothing at an address below /api/."""
    raise Http404
