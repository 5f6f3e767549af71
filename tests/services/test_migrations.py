"""`lintmigrations`, a step of `fab check`, on a migration that breaks the previous release."""

from tests.project import Project

MIGRATION = """
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_attemptcounter")]
    operations = [migrations.RemoveField("attemptcounter", "count")]
"""


def test_migration_that_is_not_backward_compatible(project: Project) -> None:
    """Removing a column that the previous release uses is an error, unless the migration says why."""
    file = project.folder / "apps/accounts/migrations/0003_remove.py"
    file.write_text(MIGRATION)
    command = ("python", "manage.py", "lintmigrations")
    result = project.run(*command, check=False, DEBUG="true")
    assert result.returncode == 1
    assert "apps/accounts/migrations/0003_remove.py: Remove field count" in result.stdout
    assert "Traceback" not in result.stdout
    file.write_text(f'{MIGRATION}    contract = "No release since the first one counts."\n')
    project.run(*command, DEBUG="true")
    assert command[2] in (project.folder / "fabfile/steps.py").read_text()
