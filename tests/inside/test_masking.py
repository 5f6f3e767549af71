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

RULES = {"email": email(), "name": EMPTY, "password": EMPTY, "date_joined": KEEP}


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test declare its own rules in addition to the site's."""
    list_copied_models()
    monkeypatch.setattr(masking, "_rules", dict(masking._rules))


def find_problems() -> Iterator[str]:
    """Yield the check's messages with the field they are about."""
    for problem in check_masking(None):
        yield f"{problem.obj}: {problem.msg}"


def test_every_field_has_a_rule() -> None:
    """Every field of the site has a masking rule."""
    assert list(find_problems()) == []


def test_field_without_a_rule() -> None:
    """A field without a masking rule is an error, and nothing is copied."""
    mask(User, **RULES)
    [problem] = find_problems()
    assert problem.startswith("accounts.User: ")
    assert problem.endswith("mask(User, ...) takes: last_login=KEEP")
    with pytest.raises(ValueError, match="last_login"):
        list_copied_models()


def test_invalid_rules() -> None:
    """Masking rules for unknown fields, for keys, and for tables that others refer to are errors."""
    mask(User, **RULES, last_login=KEEP, nickname=KEEP, id=EMPTY)
    leave_out(Group)
    found = sorted(problem.partition(": ")[0] for problem in find_problems())
    assert "accounts.User" in found
    assert "accounts.User.id" in found
    assert any(name.endswith("User_groups.group") for name in found)


@pytest.mark.django_db(transaction=True)
def test_copy_is_complete_and_masked() -> None:
    """A masked copy has every row, but no name, email address or password."""
    people = [make_user(f"ann-{n}@private.test", name="Ann Private") for n in range(3)]
    copy = BytesIO()
    masked_copy.write(connection, copy)
    lines = masked_copy.Lines(BytesIO(copy.getvalue()))
    header = lines.read_json()
    masked_copy.validate_header(connection, header)
    with transaction.atomic():
        counts = masked_copy.fill(connection, lines, header)
    assert counts["accounts_user"] == len(people)
    found = User.objects.order_by("pk")
    assert [(each.pk, each.date_joined) for each in found] == [(each.pk, each.date_joined) for each in people]
    assert not any("private" in f"{each.email} {each.name}".lower() for each in found)
    assert not any(each.has_usable_password() for each in found)
    assert make_user("new@private.test").pk > people[-1].pk


@pytest.mark.django_db(transaction=True)
def test_truncated_copy() -> None:
    """A truncated copy is rejected, and the database keeps its data."""
    make_user("ann@private.test")
    copy = BytesIO()
    masked_copy.write(connection, copy)
    for cut in (copy.getvalue()[:100], b"Welcome to this machine", b""):
        with pytest.raises(masked_copy.CopyError, match="cut off"):
            masked_copy.read(BytesIO(cut), DEFAULT_DB_ALIAS)
    assert User.objects.get().email == "ann@private.test"


def test_incompatible_copies() -> None:
    """A copy from another release, another database or weaker masking is rejected."""
    header = {"format": 1, "vendor": connection.vendor, "masked": {"accounts_user": []}}
    for change, reason in (
        ({"format": 0}, "another release"),
        ({"vendor": "oracle"}, "oracle"),
        ({}, "must be masked"),
        ({"masked": {"shop_order": []}}, "unknown here"),
    ):
        with pytest.raises(masked_copy.CopyError, match=reason):
            masked_copy.validate_header(connection, {**header, **change})
