"""The site's commands: type `fab --list`, and `fab --help TASK` for one of them.

Each runs in the development container or on this machine, as RUN_IN in `.env` says.
https://docs.fabfile.org
"""

import os

from invoke.collection import Collection

from fabfile import audit, aws, checks, data, django, host, site, update
from fabfile.env import PROJECT

# Fabric looks for this name: https://docs.pyinvoke.org/en/stable/concepts/namespaces.html
namespace = Collection()
for module in (site, django, data, checks, audit, update):
    for task in Collection.from_module(module).tasks.values():
        namespace.add_task(task)
namespace.add_collection(aws.collection)
namespace.add_collection(host.collection)

# Tasks may be called in any folder of the project.
os.chdir(PROJECT)
