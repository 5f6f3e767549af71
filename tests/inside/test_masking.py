"""Masked copies of the database."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from apps.accounts.models import User
from apps.accounts.tests.factories import make_user
from apps.core import masked_copy, masking
from apps.core.masking import EMPTY, KEEP, check_masking, email, leave_out, list_copied_models, mask
from django.contrib.auth.models import Group
from django.db import DEFAULT_DB_ALIAS, connection, transaction

EVERY = {"email": email(), "name": EMPTY, "password": EMPTY, "date_joined": KEEP}


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test declare rules of its own, besides the site's."""
    list_copied_models()
    monkeypatch.setattr(masking, "_rules", dict(masking._rules))


def problems() -> Iterator[str]:
    """Yield what the check says, with what it is about."""
    for problem in check_masking(None):
        yield f"{problem.obj}: {problem.msg}"


def test_every_field_of_the_site_is_classified() -> None:
    """Every field of the site has a rule for masking."""
    assert list(problems()) == []


def test_unclassified_field() -> None:
    """A field without a rule is an error, and nothing is copied."""
    mask(User, **EVERY)
    [problem] = problems()
    assert problem.startswith("accounts.User: ")
    assert problem.endswith("mask(User, ...) takes: last_login=KEEP")
    with pytest.raises(ValueError, match="last_login"):
        list_copied_models()


def test_invalid_rules() -> None:
    """Rules for unknown fields, keys and tables that others refer to are errors."""
    mask(User, **EVERY, last_login=KEEP, nickname=KEEP, id=EMPTY)
    leave_out(Group)
    found = sorted(problem.partition(": ")[0] for problem in problems())
    assert "accounts.User" in found
    assert "accounts.User.id" in found
    assert any(name.endswith("User_groups.group") for name in found)


@pytest.mark.django_db(transaction=True)
def test_a_copy_is_complete_and_masked() -> None:
    """A copy has every row, and no name, email address or password."""
    people = [make_user(f"ann-{n}@private.test", name="Ann Private") for n in range(3)]
    copy = BytesIO()
    masked_copy.write(connection, copy)
    lines = masked_copy.Lines(BytesIO(copy.getvalue()))
    first = lines.read_json()
    masked_copy.validate_header(connection, first)
    with transaction.atomic():
        counts = masked_copy.fill(connection, lines, first)
    assert counts["accounts_user"] == len(people)
    found = User.objects.order_by("pk")
    assert [(each.pk, each.date_joined) for each in found] == [(each.pk, each.date_joined) for each in people]
    assert not any("private" in f"{each.email} {each.name}".lower() for each in found)
    assert not any(each.has_usable_password() for each in found)
    assert make_user("new@private.test").pk > people[-1].pk


@pytest.mark.django_db(transaction=True)
def test_a_truncated_copy() -> None:
    """A copy that was cut off is refused, and the data stays."""
    make_user("ann@private.test")
    copy = BytesIO()
    masked_copy.write(connection, copy)
    for cut in (copy.getvalue()[:100], b"Welcome to this machine", b""):
        with pytest.raises(masked_copy.CopyError, match="cut off"):
            masked_copy.read(BytesIO(cut), DEFAULT_DB_ALIAS)
    assert User.objects.get().email == "ann@private.test"


def test_incompatible_copies() -> None:
    """A copy from another release, database or set of rules is refused."""
    first = {"format": 1, "vendor": connection.vendor, "masked": {"accounts_user": []}}
    for change, why in (
        ({"format": 0}, "another release"),
        ({"vendor": "oracle"}, "oracle"),
        ({}, "must be masked"),
        ({"masked": {"shop_order": []}}, "unknown here"),
    ):
        with pytest.raises(masked_copy.CopyError, match=why):
            masked_copy.validate_header(connection, {**first, **change})
