from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from apps.api import errors

PREFIX = "/api/"


class ApiMiddleware:
    """Lets no program that asks the API get a page: whatever refuses a request, it is told in JSON.

    The page at /api/ itself is for people.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path_info.startswith(PREFIX) or request.path_info == PREFIX:
            return response
        # In development Django's page says where it failed.
        is_page_for_developers = settings.DEBUG and response.status_code == 500
        is_problem = response.headers.get("Content-Type") == errors.CONTENT_TYPE
        if response.status_code >= 400 and not is_problem and not is_page_for_developers:
            errors.turn_into_problem(response)
        if response.status_code == 401:
            response["WWW-Authenticate"] = "Bearer"
        patch_cache_control(response, private=True, no_store=True)
        return response
