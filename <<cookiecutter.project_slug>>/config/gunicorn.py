"""gunicorn's settings: https://docs.gunicorn.org/en/stable/settings.html

bash/run.sh starts gunicorn with this file.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from config import draining
from config.environment import ANY_HOST, read
from config.logs import logging_config

env = read()
if env["BUILDING"]:
    # With it, required variables may be missing.
    sys.exit("BUILDING is only for building the image: remove it from the environment.")


def count_cpus() -> int:
    """Return the number of CPUs for this container: its quota if it has one, else the host's."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    version_1 = [*read_cgroup("cpu/cpu.cfs_quota_us"), *read_cgroup("cpu/cpu.cfs_period_us")]
    match read_cgroup("cpu.max") or version_1:
        case [quota, period] if quota > 0:
            return max(1, min(available, quota // period))
    return available


def read_cgroup(name: str) -> list[int]:
    """Return the numbers in a cgroup file (version 2 or 1), or an empty list if there is no limit.

    https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/memory.html
    """
    try:
        return [int(word) for word in (Path("/sys/fs/cgroup") / name).read_text().split()]
    except (OSError, ValueError):
        return []


def find_max_workers() -> int:
    """Return how many workers fit into this container's memory, at 96 MiB each; 12 without a limit."""
    limit = read_cgroup("memory.max") or read_cgroup("memory/memory.limit_in_bytes")
    return max(1, min(12, (limit[0] // 2**20 - 64) // 96)) if limit else 12


bind = f"[{ANY_HOST}]:{env['PORT']}"
workers = env["WEB_CONCURRENCY"] or min(count_cpus() + 1, find_max_workers())
# Slow clients block workers of any class, so a proxy has to buffer their requests, as Caddy does.
worker_class = "gthread"
# Django decides which proxy to trust (TRUST_PROXY); gunicorn would trust this machine.
forwarded_allow_ips = ""
threads = env["WEB_THREADS"]
# Load the site before forking: this saves memory, and a site that cannot start fails at once.
preload_app = True
# Heartbeat files are in memory, so that a slow or read-only disk does not kill workers.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# A socket for gunicorn's own console would be written to the home folder.
control_socket_disable = True
# Longer than the 60 s for which AWS's load balancer keeps an idle connection.
keepalive = 75
timeout = 60
graceful_timeout = env["GRACEFUL_TIMEOUT_SECONDS"]
# Workers are replaced after some time, not all at once, to limit memory leaks.
max_requests = 10_000
max_requests_jitter = 2_000
logconfig_dict = logging_config(env["LOG_LEVEL"], env["LOG_FORMAT"])


def on_starting(server: Arbiter) -> None:
    """Log the number of workers and the reason for it."""
    reason = f"{count_cpus()} CPUs, memory for {find_max_workers()} workers"
    server.log.info(f"{workers} workers: {'WEB_CONCURRENCY' if env['WEB_CONCURRENCY'] else reason}")


def when_ready(server: Arbiter) -> None:
    """On SIGTERM, return 503 from /readyz and keep serving for DRAIN_SECONDS, then stop.

    The load balancer then sends its last request before the listening socket closes.
    A second SIGTERM stops immediately.
    """

    def stop(_signal: int, frame: FrameType | None) -> None:
        server.signal(signal.SIGTERM, frame)

    def drain(_signal: int, _frame: FrameType | None) -> None:
        draining.begin()
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, max(env["DRAIN_SECONDS"], 0.001))

    signal.signal(signal.SIGTERM, drain)


if env["OTEL_EXPORTER_OTLP_ENDPOINT"]:
    from config import tracing

    def post_fork(_server: Arbiter, _worker: Worker) -> None:
        """Send traces from each worker."""
        tracing.export()

    def worker_exit(_server: Arbiter, _worker: Worker) -> None:
        """Send the worker's last traces."""
        tracing.stop()
