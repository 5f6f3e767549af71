from django.utils.translation import override

from apps.api.models import Token


def test_the_apps_own_translations_are_read() -> None:
    with override("ar"):
        assert Token._meta.verbose_name == "رمز"
