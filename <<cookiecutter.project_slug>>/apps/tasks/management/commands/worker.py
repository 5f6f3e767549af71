"""The worker process: `fab worker` in development, bash/worker.sh in production."""

import socket
import threading
import time
from argparse import ArgumentParser
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.tasks import task_backends

from apps.tasks.backends import DatabaseBackend
from apps.tasks.worker import TaskWorker
from config.environment import ANY_HOST, BASE_DIR, read


class Command(BaseCommand):
    help = "Run background tasks until SIGTERM; see docs/tasks.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--lost-after",
            type=float,
            default=30,
            metavar="SECONDS",
            help="Seconds without a heartbeat after which a worker counts as dead (default: 30).",
        )
        parser.add_argument(
            "--health-port", type=int, help="Respond to /healthz on this port, as the site does."
        )
        parser.add_argument(
            "--reload",
            action="store_true",
            help="End when the code changes; bash/worker-dev.sh then starts it again.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not isinstance(task_backends["default"], DatabaseBackend):
            raise CommandError(
                "There is nothing to do: the site runs its tasks itself.\n"
                "To leave them to a worker, set TASKS=database for the site and for the worker."
            )
        worker = TaskWorker(options["lost_after"], read()["GRACEFUL_TIMEOUT_SECONDS"])
        if options["health_port"]:
            server = HealthServer((ANY_HOST, options["health_port"]), HealthHandler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
        if options["reload"]:
            stop_on_change(worker)
        worker.run()


class HealthServer(ThreadingHTTPServer):
    """Listens as gunicorn does."""

    address_family = socket.AF_INET6 if ":" in ANY_HOST else socket.AF_INET


class HealthHandler(BaseHTTPRequestHandler):
    """Responds to the image's health check while the process is alive."""

    def do_GET(self) -> None:
        """Return 200 for /healthz, and 404 for other paths."""
        self.send_response(200 if self.path == "/healthz" else 404)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"ok" if self.path == "/healthz" else b"not found")

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def stop_on_change(worker: TaskWorker) -> None:
    """Stop the worker, after its current task, when a file of the project changes."""
    begin = read_mtimes()

    def watch() -> None:
        while read_mtimes() == begin:
            time.sleep(1)
        worker.stop()

    threading.Thread(target=watch, daemon=True).start()


def read_mtimes() -> dict[Path, float]:
    """Return the modification time of each file that a task may use."""
    mtimes = {}
    for folder in ("apps", "config", "templates"):
        for file in (BASE_DIR / folder).rglob("*.*"):
            # An editor may remove the file in the meantime.
            with suppress(FileNotFoundError):
                if file.suffix in {".py", ".html", ".txt"}:
                    mtimes[file] = file.stat().st_mtime
    return mtimes
