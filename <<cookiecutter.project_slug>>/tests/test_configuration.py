"""What production refuses to start without."""

import pytest

from config.environment import ConfigurationError, read
from tests.conftest import PRODUCTION


def test_a_complete_environment_is_read(production: None) -> None:
    values = read()
    assert values["DEBUG"] is False
    assert values["ALLOWED_HOSTS"] == ["www.site.test", "site.test"]


def test_all_missing_and_wrong_variables_are_named(
    production: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PRODUCTION:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WEB_THREADS", "many")
    with pytest.raises(ConfigurationError) as error:
        read()
    for name in (*PRODUCTION, "WEB_THREADS"):
        assert f"\n  {name} " in str(error.value)


def test_development_needs_no_variable(production: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PRODUCTION:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DEBUG", "true")
    assert read()["DATABASE_URL"].startswith("sqlite:")
