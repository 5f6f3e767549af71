"""Tasks for the site on AWS (ECS Fargate): docs/deployment-aws.md.

Tasks: infrastructure.py (up, plan, down), release.py (deploy, rollback), operation.py (status,
logs, manage, shell, restart), secrets.py (secret).
"""

from invoke.collection import Collection

from fabfile.aws import infrastructure, operation, release, secrets

collection = Collection("aws")
for module in (infrastructure, release, operation, secrets):
    for task in Collection.from_module(module).tasks.values():
        collection.add_task(task)
