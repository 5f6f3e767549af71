import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from apps.accounts.models import User


def test_email_is_case_insensitive(user: User) -> None:
    assert User.objects.get_by_natural_key("Ann@Example.ORG") == user
    with pytest.raises(ValidationError):
        User.objects.create_user("ANN@example.org")


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["", "ann", "ann@"])
def test_email_is_required(email: str) -> None:
    with pytest.raises((ValueError, ValidationError)):
        User.objects.create_user(email)


def test_names(user: User) -> None:
    assert (str(user), user.get_full_name(), user.get_short_name()) == (
        "ann@example.org",
        "Ann Example",
        "Ann",
    )


@pytest.mark.django_db
def test_createsuperuser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse battery staple")
    call_command("createsuperuser", "--no-input", "--email", "Root@example.org")
    root = User.objects.get(email="root@example.org")
    assert root.is_staff
    assert root.is_superuser
    assert root.password.startswith("argon2")
