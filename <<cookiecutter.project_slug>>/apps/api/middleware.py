import json
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_cache_control

PREFIX = "/api/"


class ApiMiddleware:
    """Sends errors below /api/ as JSON, whatever part of the site refuses a request.

    The page at /api/ itself is for people.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path_info.startswith(PREFIX) or request.path_info == PREFIX:
            return response
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        # In development Django's page says where it failed.
        is_page_for_developers = settings.DEBUG and response.status_code == 500
        if response.status_code >= 400 and not is_json and not is_page_for_developers:
            response.content = json.dumps({"detail": response.reason_phrase})
            response["Content-Type"] = "application/json"
            response["Content-Length"] = str(len(response.content))
        if response.status_code == 401:
            response["WWW-Authenticate"] = "Bearer"
        patch_cache_control(response, private=True, no_store=True)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a body nested deeper than Python's JSON parser can follow, which no framework catches."""
        if isinstance(exception, RecursionError) and request.path_info.startswith(PREFIX):
            return JsonResponse({"detail": "The JSON is nested too deeply."}, status=400)
        return None
