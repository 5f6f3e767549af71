from django.contrib.auth.mixins import LoginRequiredMixin
from django.views.generic import TemplateView


class DocsView(LoginRequiredMixin, TemplateView):
    """The API, to read and to try. For who may use it: to strangers it says nothing."""

    template_name = "api/docs.html"
