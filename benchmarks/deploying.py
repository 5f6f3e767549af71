"""The time of deployments to one server: Debian with its own Docker engine, in a container."""

import uuid
from collections.abc import Callable
from pathlib import Path

from benchmarks.building import append, generate, measure_time
from benchmarks.figures import Figure, render_table
from benchmarks.first_page import use_fabric
from tests.docker import engine
from tests.docker.host import server as servers


def measure(folder: Path, rounds: int, report: Callable[[str], None]) -> str:
    """Set up a server, then deploy and roll back in each round; return the section in Markdown."""
    report("deploying: setting up a server")
    servers.build_images()
    generate(folder / "deployed", "deploy=server")
    project = folder / "deployed" / "my_site"
    server = servers.Server(project, use_fabric(), engine.get_build_options(project))
    first, changed, unchanged, rollback = Figure("s"), Figure("s"), Figure("s"), Figure("s")
    sent = Figure("kB", 0)
    try:
        server.add_known_host()
        server.fab("host.setup", "--domain", servers.HOST, user="root")
        server.load_images()
        server.fab("host.env", "SITE_TLS", stdin="tls internal")
        server.fab("host.env", "EMAIL_URL", stdin="smtp+plain://localhost:25")
        first.values.append(measure_time(lambda: server.fab("host.deploy")))
        for number in range(rounds):
            report(f"deploying: round {number + 1} of {rounds}")
            append(project / "apps/core/views.py", f"# {uuid.uuid4().hex}\n")
            server.commit()
            before = server.count_received_bytes()
            changed.values.append(measure_time(lambda: server.fab("host.deploy")))
            sent.values.append((server.count_received_bytes() - before) / 1000)
            unchanged.values.append(measure_time(lambda: server.fab("host.deploy")))
            rollback.values.append(measure_time(lambda: server.fab("host.rollback")))
    finally:
        server.remove()
    rows = [
        ["the first `fab host.deploy`", first],
        ["after an edit of Python, build included", changed],
        ["of the release that is running already", unchanged],
        ["`fab host.rollback`", rollback],
        ["sent to the server after an edit of Python", sent],
    ]
    return "\n".join(["## Deploying to one server\n", render_table(["Deployment", "Figure"], rows)])
