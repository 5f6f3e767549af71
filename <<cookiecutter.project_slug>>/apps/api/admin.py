from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.api.models import Token


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):
    """Creates tokens and shows each one once; to revoke a token, delete it.

    A token acts as its owner, so only superusers manage the tokens of other users.
    """

    list_display = ["name", "user", "created", "last_used", "expires"]
    search_fields = ["name", "user__email", "user__name"]
    autocomplete_fields = ["user"]
    fields = ("user", "name", "expires")

    def get_fields(self, request: HttpRequest, obj: Token | None = None) -> Any:
        return [*self.fields, "created", "last_used"] if obj else self.fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        tokens = super().get_queryset(request)
        if request.user.is_superuser:
            return tokens
        return tokens.filter(user__email=request.user.get_username())

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        users = User.objects.filter(is_active=True)
        if not request.user.is_superuser:
            users = users.filter(email=request.user.get_username())
        return super().formfield_for_foreignkey(
            db_field, request, **{**kwargs, "queryset": users, "initial": request.user.pk}
        )

    def has_change_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Token, form: Any, change: bool) -> None:
        obj.generate_secret()
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Token, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret in this response: a redirect would have to store it somewhere."""
        context = {**self.admin_site.each_context(request), "title": _("A new token"), "token": obj}
        return TemplateResponse(request, "api/token_created.html", context)
