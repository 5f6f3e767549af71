"""The API's responses match its schema, whatever the request: https://schemathesis.readthedocs.io"""

from datetime import timedelta

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema
<% if cookiecutter.api == "ninja" %>
from schemathesis.specs.openapi.checks import positive_data_acceptance, status_code_conformance
<% else %>
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    status_code_conformance,
)
<% endif %>

from apps.accounts.limits import Limit
from apps.accounts.models import User
from apps.api import limits
from apps.api.models import Token
from config.wsgi import application

# The frameworks describe neither errors nor every rule, such as the allowed file types.
<% if cookiecutter.api == "ninja" %>
EXCLUDED = [status_code_conformance, positive_data_acceptance]
<% else %>
# Django REST framework accepts a number as a string.
EXCLUDED = [status_code_conformance, positive_data_acceptance, negative_data_rejection]
<% endif %>


@pytest.fixture
def schema(user: User, connection_stays_open: None, monkeypatch: pytest.MonkeyPatch) -> BaseSchema:
    """Return the schema that a client gets, without rate limits."""
    many = Limit(10**6, timedelta(hours=1))
    monkeypatch.setattr(limits, "LIMITS", {"user": many, "address": many})
    return schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", application, headers=token_headers(user)
    )


def token_headers(user: User) -> dict[str, str]:
    """Return the header of a token that has not been revoked."""
    return {"Authorization": f"Bearer {Token.objects.issue(user, 'test').secret}"}


@pytest.mark.parametrize("mode", GenerationMode)
def test_responses_match_the_schema(schema: BaseSchema, user: User, mode: GenerationMode) -> None:
    """Requests that match the schema, or violate it; the same ones in each run."""
    described = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        described.add(f"{operation.method.upper()} {operation.path.partition('{')[0]}")

        @settings(
            max_examples=12,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def send(case: Case) -> None:
            case.call_and_validate(headers=token_headers(user), excluded_checks=EXCLUDED)

        send()
    assert described == {
        "GET /api/v1/me",
        "PATCH /api/v1/me",
        "GET /api/v1/tokens",
        "DELETE /api/v1/tokens/",
    }
