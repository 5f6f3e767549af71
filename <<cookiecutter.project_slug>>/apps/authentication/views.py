from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Answer where a limit of django-allauth's own is reached, such as too many wrong codes."""
    return render(request, "429.html", {"minutes": 1}, status=429)
