import re

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from wagtail.models import Page

from apps.pages.routing import find_first_page

RESULTS_PER_PAGE = 10


class SearchForm(forms.Form):
    query = forms.CharField(
        label=_("Search words"),
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show the public pages that contain the search words."""
    form = SearchForm(request.GET if "query" in request.GET else None)
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        # Without punctuation, which databases would interpret.
        words = " ".join(re.findall(r"\w+", form.cleaned_data["query"]))
        pages, first = Page.objects.live().public(), find_first_page(request)
        if words and first:
            results = pages.descendant_of(first, inclusive=True).search(words)
        else:
            results = pages.none()
        context["results"] = Paginator(results, RESULTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "pages/search.html", context)
