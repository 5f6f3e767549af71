"""How long a deployment to one server takes: a Debian with an engine of its own, in a container."""

import uuid
from collections.abc import Callable
from pathlib import Path

from benchmarks.building import append, generate, timed
from benchmarks.figures import Figure, table
from benchmarks.first_page import with_fabric
from tests.docker import engine
from tests.docker.host import server as servers


def measure(folder: Path, rounds: int, say: Callable[[str], None]) -> str:
    """Set a server up, then deploy and roll back `rounds` times; return the chapter in Markdown."""
    say("deploying: setting a server up")
    servers.build_images()
    generate(folder / "deployed", "deploy=server")
    project = folder / "deployed" / "my_site"
    server = servers.Server(project, with_fabric(), engine.get_build_options(project))
    first, again, same, back = Figure("s"), Figure("s"), Figure("s"), Figure("s")
    sent = Figure("kB", 0)
    try:
        server.add_known_host()
        server.fab("host.setup", "--domain", servers.HOST, user="root")
        server.load_images()
        server.fab("host.env", "SITE_TLS", stdin="tls internal")
        server.fab("host.env", "EMAIL_URL", stdin="smtp+plain://localhost:25")
        first.values.append(timed(lambda: server.fab("host.deploy")))
        for number in range(rounds):
            say(f"deploying: round {number + 1} of {rounds}")
            append(project / "apps/core/views.py", f"# {uuid.uuid4().hex}\n")
            server.commit()
            before = server.count_received_bytes()
            again.values.append(timed(lambda: server.fab("host.deploy")))
            sent.values.append((server.count_received_bytes() - before) / 1000)
            same.values.append(timed(lambda: server.fab("host.deploy")))
            back.values.append(timed(lambda: server.fab("host.rollback")))
    finally:
        server.remove()
    rows = [
        ["the first, `fab host.deploy`", first],
        ["after an edit of Python, build included", again],
        ["of the release that runs already", same],
        ["`fab host.rollback`", back],
        ["sent to the server after an edit of Python", sent],
    ]
    return "\n".join(["## Deploying to one server\n", table(["Deployment", "Figure"], rows)])
