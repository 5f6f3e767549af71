"""Tasks for the site on one server: docs/deployment-server.md.

Tasks: setup.py (setup, env), release.py (deploy, rollback, restart), operation.py (status, logs,
manage), backup.py (backup, restore).
"""

from invoke.collection import Collection

from fabfile.host import backup, operation, release, setup

collection = Collection("host")
for module in (setup, release, operation, backup):
    for task in Collection.from_module(module).tasks.values():
        collection.add_task(task)
