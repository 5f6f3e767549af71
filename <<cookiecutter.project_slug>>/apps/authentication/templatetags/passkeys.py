import re

from django import template
from django.template.defaultfilters import stringfilter

register = template.Library()


@register.filter(is_safe=True)
@stringfilter
def say_passkey(text: str) -> str:
    """Return a django-allauth text with "security key" replaced by "passkey"."""
    return re.sub(
        "(s)ecurity key",
        lambda match: "Passkey" if match[1] == "S" else "passkey",
        text,
        flags=re.IGNORECASE,
    )
