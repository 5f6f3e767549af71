"""Access to the CMS, and the Content Security Policy that it needs."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csp import csp_override

type View = Callable[..., HttpResponse]

# A picture is shown before it is uploaded.
CMS_CSP = {**settings.SECURE_CSP, "img-src": [*settings.SECURE_CSP["img-src"], "blob:"]}


def cms_page(view: View) -> View:
    """Refuse access to signed-in users who are not staff, and set the CMS's policy."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return csp_override(CMS_CSP)(wrapper)
