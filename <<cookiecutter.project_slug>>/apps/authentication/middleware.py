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

    Redirects visitors to the site's sign-in page, so those paths need no other one. Permissions
    are checked by their own views.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if second_factor.is_required(request):
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if settings.SECOND_FACTOR and not second_factor.is_verified(request):
                return self.redirect_to_factor(request)
        return self.get_response(request)

    def redirect_to_factor(self, request: HttpRequest) -> HttpResponse:
        """Redirect to the page to use a factor or to set one up."""
        page = second_factor.find_page(request.user)  # type: ignore[arg-type]
        if page == "mfa_index":
            messages.warning(request, _("Set up a second factor first: this part takes one."))
        return redirect(f"{reverse(page)}?{urlencode({'next': request.get_full_path()})}")


class LeaveMiddleware:
    """Replaces a redirect to another site with a page, after a form was submitted.

    The policy allows form submissions only to this site (form-action), and Chromium applies that to
    the redirects that follow: to Google, or to where an organization's server redirects next.
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
