"""Connect to another machine by SSH, only if its host key is known here."""

import shlex
from typing import Any

from fabric import Connection
from invoke.exceptions import Exit
from paramiko import AuthenticationException, BadHostKeyException, RejectPolicy, SSHException


def open_connection(c: Any, usage: str) -> Connection:
    """Open and return the connection of `fab -H`; raise Exit if that fails.

    Without -H the message is `usage`. Unlike Fabric itself, this refuses an unknown host key: an attacker's
    machine could otherwise read and change everything sent.
    https://docs.fabfile.org/en/stable/api/connection.html#fabric.connection.Connection.open
    """
    if not isinstance(c, Connection):
        raise Exit(usage)
    c.client.load_system_host_keys()
    c.client.set_missing_host_key_policy(RejectPolicy())
    ssh = f"ssh {'' if c.port == 22 else f'-p {c.port} '}{c.user}@{c.host}"
    try:
        c.open()
    except BadHostKeyException:
        name = c.host if c.port == 22 else f"[{c.host}]:{c.port}"
        raise Exit(
            f"The host key of {c.host} has changed: either it was reinstalled, or another"
            f" machine responds. If you know why, type: ssh-keygen -R {shlex.quote(name)}"
        ) from None
    except AuthenticationException:
        raise Exit(f"{c.host} refused to log {c.user} in. Try: {ssh}") from None
    except SSHException as error:
        if "not found in known_hosts" not in str(error):
            raise Exit(f"{c.host} cannot be reached: {error}") from None
        raise Exit(
            f"The host key of {c.host} is unknown. Compare it with the one that your provider shows,"
            f" and accept it: {ssh}"
        ) from None
    except (OSError, EOFError) as error:
        raise Exit(f"{c.host} cannot be reached: {error or 'the connection was lost'}") from None
    return c
