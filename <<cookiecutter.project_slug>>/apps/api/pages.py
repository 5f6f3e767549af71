from typing import NoReturn

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView


class DocsView(LoginRequiredMixin, TemplateView):
    """The interactive API documentation, for signed-in users only."""

    template_name = "api/docs.html"


@csrf_exempt
def not_found(request: HttpRequest) -> NoReturn:
    """Return 404 for a URL below /api/ that does not exist, whatever the method."""
    raise Http404
