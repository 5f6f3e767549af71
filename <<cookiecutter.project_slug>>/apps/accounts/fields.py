from typing import Any

from django.db import models


class LowercaseEmailField(models.EmailField):
    """An email address stored in lowercase, so that Ann@ and ann@ are the same user.

    Lookups are case-insensitive as well.
    """

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return value.lower() if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value
