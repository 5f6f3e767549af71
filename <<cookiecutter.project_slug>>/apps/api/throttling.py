"""Rate limits: https://www.django-rest-framework.org/api-guide/throttling/"""

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.api.limits import count_request

if TYPE_CHECKING:
    from rest_framework.views import APIView


class UserThrottle(BaseThrottle):
    """Counts in the database; apps.accounts.middleware returns the 429."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        count_request(request, request.user)
        return True
