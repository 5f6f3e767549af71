"""The cost of the default site: modules at its start, and a request's CPU time in that of a bare view."""

from benchmarks.request_cost import UNIT, Cost
from tests.production import Production

# Every module is read and run before the first request, so they are what a start takes.
MODULES = 760
# CPU time, in that of a bare Django view in the same process, which a busy machine hardly changes.
REQUESTS = {"static file": 1.7, "first page": 18}


def test_modules_at_the_start(production: Production) -> None:
    """A worker with all defaults loads few modules of Python, and none of a service's client."""
    modules = production.run_python("import sys; print(*sys.modules)").split()
    assert len(modules) <= MODULES
    services = {"boto3", "botocore", "opentelemetry", "redis", "sentry_sdk"}
    assert not services & set(modules)


def test_cpu_time_of_a_request(production: Production) -> None:
    """A static file takes the CPU time of 1.7 bare Django views at most, the first page that of 18."""
    cost = Cost(production)
    for _ in range(20):
        for page in (UNIT, *REQUESTS):
            cost.measure(page)
    figures = cost.stop()
    for page, most in REQUESTS.items():
        assert figures[page][0] / figures[UNIT][0] <= most, page
