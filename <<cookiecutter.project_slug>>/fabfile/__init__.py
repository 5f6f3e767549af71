"""The site's commands: type `fab --list`, and `fab --help TASK` for one of them.

Each runs in the development container or on this machine, as RUN_IN in `.env` says.
https://docs.fabfile.org
"""

import os

from invoke.collection import Collection

from fabfile import << 'aws, ' if cookiecutter.__with_aws == 'yes' >>checks, data, django, << 'host, ' if cookiecutter.__with_server == 'yes' >><< 'pull, ' if cookiecutter.__with_deployment == 'yes' >>site, update<< ', worker' if cookiecutter.tasks == 'database' else '' >>
from fabfile.env import PROJECT

# Fabric looks for this name: https://docs.pyinvoke.org/en/stable/concepts/namespaces.html
namespace = Collection()
for module in (site, django, data, << 'pull, ' if cookiecutter.__with_deployment == 'yes' >>checks, update<< ', worker' if cookiecutter.tasks == 'database' else '' >>):
    for task in Collection.from_module(module).tasks.values():
        namespace.add_task(task)
<% if cookiecutter.__with_aws == "yes" %>
namespace.add_collection(aws.collection)
<% endif %>
<% if cookiecutter.__with_server == "yes" %>
namespace.add_collection(host.collection)
<% endif %>

# Tasks may be called in any folder of the project.
os.chdir(PROJECT)
