"""What `fab check` says of a migration that would break the release before it."""

from tests.project import Project

MIGRATION = """
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_attemptcounter")]
    operations = [migrations.RemoveField("attemptcounter", "count")]
"""


def test_migration_that_breaks_old_code(project: Project) -> None:
    """A column that old code still uses cannot be removed, unless the migration states why that is safe."""
    file = project.folder / "apps/accounts/migrations/0003_remove.py"
    file.write_text(MIGRATION)
    command = ("python", "manage.py", "lintmigrations")
    refused = project.run(*command, check=False, DEBUG="true")
    assert refused.returncode == 1
    assert "apps/accounts/migrations/0003_remove.py: Remove field count" in refused.stdout
    assert "Traceback" not in refused.stdout
    file.write_text(f'{MIGRATION}    contract = "No release since the first one counts."\n')
    project.run(*command, DEBUG="true")
    assert command[2] in (project.folder / "fabfile/steps.py").read_text()
