"""Middleware: https://docs.djangoproject.com/en/6.1/topics/http/middleware/"""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from apps.core.health import check_readiness
from config.logs import request_id, trace_id

type GetResponse = Callable[[HttpRequest], HttpResponse]

logger = logging.getLogger("site.request")
REQUEST_ID = re.compile(r"[\w.=:-]{1,128}", re.ASCII)


class HealthMiddleware:
    """Responds to /healthz (the process is alive) and /readyz (it can serve).

    Must come first: load balancers use an IP address as the host, and HTTP, so the check of the
    Host header and the redirect to HTTPS must not apply; nor are these requests logged.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match request.path_info:
            case "/healthz":
                response = HttpResponse("ok", content_type="text/plain")
            case "/readyz":
                checks = check_readiness()
                is_ready = set(checks.values()) == {"ok"}
                response = JsonResponse(checks, status=200 if is_ready else 503)
            case _:
                return self.get_response(request)
        add_never_cache_headers(response)
        return response


class RequestLogMiddleware:
    """Logs each request, and adds the request ID to all log lines of the request.

    The ID is the load balancer's X-Request-ID if TRUST_PROXY is set and the header is valid, else
    a new one; the response has it too.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        header = request.headers.get("X-Request-ID", "") if settings.TRUST_PROXY else ""
        identifier = header if REQUEST_ID.fullmatch(header) else uuid.uuid4().hex
        token = request_id.set(identifier)
        start = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = identifier
            logger.info(
                "%s %s %s",
                request.method,
                request.path,
                response.status_code,
                extra={
                    "method": request.method,
                    "path": request.path,
                    "status": response.status_code,
                    "milliseconds": round((time.perf_counter() - start) * 1000, 1),
                    "address": request.META.get("REMOTE_ADDR", "").removeprefix("::ffff:"),
                },
            )
            return response
        finally:
            request_id.reset(token)
            trace_id.set("")


class BodyLimitMiddleware:
    """Rejects a request body that is too large, before it is read, or whose length is unknown.

    Django never reads more than Content-Length. A chunked body has none, and Django would treat it
    as empty.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return HttpResponse("Content-Length is missing.", status=411, content_type="text/plain")
        length = request.META.get("CONTENT_LENGTH", "")
        if length.isdecimal() and int(length) > settings.BODY_MAX_BYTES:
            return render(request, "413.html", status=413)
        return self.get_response(request)
