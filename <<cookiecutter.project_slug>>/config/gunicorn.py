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
from config.environment import read_or_exit
from config.logs import logging_config

env = read_or_exit()
if env["BUILDING"]:
    # It stands in for the secret key and the database.
    sys.exit("BUILDING is true, which is for building the image: remove it from the environment.")


def cpus() -> int:
    """Return how many CPUs this container may use: its quota if it has one, else the host's.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return available
    return available if quota == "max" else max(1, min(available, int(quota) // int(period)))


bind = "0.0.0.0:8000"
workers = env["WEB_CONCURRENCY"] or cpus() + 1
worker_class = "gthread"
# Whether a proxy is believed is Django's matter (TRUST_PROXY). gunicorn would believe this machine.
forwarded_allow_ips = ""
threads = env["WEB_THREADS"]
# Loaded once and forked: less memory, and a site that cannot start says so and ends.
preload_app = True
# Heartbeats in memory; a disk that is slow or read-only kills no worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# A socket for gunicorn's own console would be written to the home folder.
control_socket_disable = True
# Longer than the 60 s for which AWS's load balancer keeps an idle connection.
keepalive = 75
timeout = 60
graceful_timeout = env["GRACEFUL_TIMEOUT_SECONDS"]
# Replaced after some time, not all at once, so that a leak stays small.
max_requests = 10_000
max_requests_jitter = 2_000
logconfig_dict = logging_config(env["LOG_LEVEL"], env["LOG_FORMAT"])


def when_ready(server: Arbiter) -> None:
    """At SIGTERM say 503 on /readyz for DRAIN_SECONDS, still serving, and only then stop.

    So the load balancer has sent the last request before the listening socket closes.
    A second SIGTERM stops at once.
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
        """Let each worker send its own traces."""
        tracing.export()

    def worker_exit(_server: Arbiter, _worker: Worker) -> None:
        """Send the last ones."""
        tracing.stop()
