from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from apps.authentication import second_factor

type GetResponse = Callable[[HttpRequest], HttpResponse]


class SecondFactorMiddleware:
    """Keeps users without a second factor out of settings.SECOND_FACTOR_PATHS.

    Who is not signed in is sent to the site's own page for it, so those parts need no other. Who
    may enter is for the part itself to decide.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if second_factor.is_needed(request):
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if settings.SECOND_FACTOR and not second_factor.is_verified(request):
                return self.redirect_to_factor(request)
        return self.get_response(request)

    def redirect_to_factor(self, request: HttpRequest) -> HttpResponse:
        """Send them where they show a factor, or set one up."""
        page = second_factor.page_for(request.user)  # type: ignore[arg-type]
        if page == "mfa_index":
            messages.warning(request, _("Set up a second factor first: this part takes one."))
        return redirect(f"{reverse(page)}?{urlencode({'next': request.get_full_path()})}")


class LeaveMiddleware:
    """Sends people to another site by a page instead of a redirect, where they have sent a form.

    The policy lets forms lead to this site alone (form-action), and Chromium applies that to the
    redirects which follow: to Google, and to wherever an organization's own server sends them on.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        location = response.get("Location", "")
        if request.method != "POST" or not location:
            return response
        if url_has_allowed_host_and_scheme(location, {request.get_host()}):
            return response
        return render(request, "authentication/leave.html", {"location": location})
