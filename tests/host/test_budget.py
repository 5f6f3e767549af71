"""The cost of a default site: imported modules, and the CPU time of requests."""

from benchmarks.request_cost import BARE_VIEW, Cost
from tests.production import Production

# Importing modules takes most of the time of a start.
MODULES = 760
# CPU time relative to a bare Django view in the same process: a ratio that a busy machine hardly changes.
CPU_TIMES = {"static file": 1.7, "first page": 18}


def test_imported_modules(production: Production) -> None:
    """A default site imports few modules at the start, and no client of an optional service."""
    modules = production.run_python("import sys; print(*sys.modules)").split()
    assert len(modules) <= MODULES
    services = {"boto3", "botocore", "opentelemetry", "redis", "sentry_sdk"}
    assert not services & set(modules)


def test_cpu_time_of_a_request(production: Production) -> None:
    """A static file costs at most 1.7 times the CPU time of a bare Django view; the first page, 18 times."""
    cost = Cost(production)
    for _ in range(20):
        for page in (BARE_VIEW, *CPU_TIMES):
            cost.measure(page)
    figures = cost.stop()
    for page, limit in CPU_TIMES.items():
        assert figures[page][0] / figures[BARE_VIEW][0] <= limit, page
