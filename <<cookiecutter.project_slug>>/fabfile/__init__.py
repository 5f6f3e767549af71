"""The site's commands: type `fab --list`, and `fab --help TASK` for one of them.

Each runs in the development container or on this machine, depending on RUN_IN in `.env`.
https://docs.fabfile.org
"""

<% if _copier_conf is not defined %>
raise SystemExit("This project is unfinished: Cookiecutter ran no hooks. Delete it and generate it again with: --accept-hooks yes")
<% endif %>
import os
import sys
from pathlib import Path
from types import TracebackType

from invoke.collection import Collection

if sys.version_info < (3, 11):  # noqa: UP036
    command = "pipx install --force --python python3.12 fabric"
    raise SystemExit(f"Fabric runs under a Python older than 3.11. Type: {command}")

# For config.env_file: Fabric adds only this folder to the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fabfile import << 'aws, ' if cookiecutter.__with_aws == 'yes' >>checks, data, development, << 'host, ' if cookiecutter.__with_server == 'yes' >>management, << 'pull, ' if cookiecutter.__with_deployment == 'yes' >>update<< ', worker' if cookiecutter.tasks == 'database' else '' >>
from fabfile.env import PROJECT

# Fabric looks for this name: https://docs.pyinvoke.org/en/stable/concepts/namespaces.html
namespace = Collection()
for module in (development, management, data, << 'pull, ' if cookiecutter.__with_deployment == 'yes' >>checks, update<< ', worker' if cookiecutter.tasks == 'database' else '' >>):
    for task in Collection.from_module(module).tasks.values():
        namespace.add_task(task)
<% if cookiecutter.__with_aws == "yes" %>
namespace.add_collection(aws.collection)
<% endif %>
<% if cookiecutter.__with_server == "yes" %>
namespace.add_collection(host.collection)
<% endif %>

# Tasks can be called from any folder of the project.
os.chdir(PROJECT)


def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an OSError, such as a full disk, in one line, and any other error as Python does."""
    if isinstance(error, OSError):
        print(f"The operating system reported: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = report
