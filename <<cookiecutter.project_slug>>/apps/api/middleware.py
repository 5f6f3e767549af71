import json
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_cache_control

PREFIX = "/api/"
# The API framework does not handle these errors while it reads a request.
READ_ERRORS: dict[type[Exception], tuple[int, str]] = {
    RequestDataTooBig: (413, "The body is too long."),
    TooManyFieldsSent: (400, "There are too many fields."),
    TooManyFilesSent: (400, "There are too many files."),
    RecursionError: (400, "The JSON is nested too deeply."),
}


class ApiMiddleware:
    """Returns errors below /api/ as JSON, whatever part of the site rejects a request.

    HEAD is handled as GET; the server omits the body. The page at /api/ itself is for people.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX) or request.path_info == PREFIX:
            return self.get_response(request)
        method = request.method
        if method == "HEAD":
            request.method = "GET"
        response = self.get_response(request)
        request.method = method
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        # In development, Django's page shows where the error is.
        is_debug_page = settings.DEBUG and response.status_code == 500
        if response.status_code >= 400 and not is_json and not is_debug_page:
            response.content = json.dumps({"detail": response.reason_phrase})
            response["Content-Type"] = "application/json"
            response["Content-Length"] = str(len(response.content))
        if response.status_code == 401:
            response["WWW-Authenticate"] = "Bearer"
        patch_cache_control(response, private=True, no_store=True)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the error of a request that cannot be read."""
        if type(exception) not in READ_ERRORS or not request.path_info.startswith(PREFIX):
            return None
        status, detail = READ_ERRORS[type(exception)]
        return JsonResponse({"detail": detail}, status=status)
