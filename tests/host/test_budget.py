"""What a start of the default site costs, counted rather than timed."""

from tests.production import Production

# Every module is read and run before the first request, so they are what a start takes.
MODULES = 760


def test_modules_at_the_start(production: Production) -> None:
    """A worker with all defaults loads few modules of Python, and none of a service's client."""
    said = production.python("import sys; print(*sys.modules)").split()
    assert len(said) <= MODULES
    services = {"boto3", "botocore", "opentelemetry", "redis", "sentry_sdk"}
    assert not services & set(said)
