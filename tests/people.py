"""An app with personal data and secrets, as a team might add it to a generated project."""

from pathlib import Path

FILES = {
    "apps/people/__init__.py": "",
    "apps/people/migrations/__init__.py": "",
    "apps/people/apps.py": """
from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "apps.people"
""",
    "apps/people/models.py": '''
from django.conf import settings
from django.db import models


class Contact(models.Model):
    """A contact of the site."""

    name = models.CharField(max_length=100)
    email = models.EmailField(unique=True)
    phone = models.CharField(max_length=30)
    token = models.CharField(max_length=64, null=True)
    photo = models.BinaryField(default=b"")
    born = models.DateField(null=True)
    note = models.JSONField(default=dict)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)

    def __str__(self) -> str:
        return self.name
''',
    "apps/people/masking.py": """
from apps.core.masking import KEEP, NOTHING, email, mask, numbered
from apps.people.models import Contact

mask(
    Contact,
    name=numbered("Contact "),
    email=email(),
    phone=numbered("+4400"),
    token=NOTHING,
    photo=KEEP,
    born=NOTHING,
    note=KEEP,
)
""",
}


def add_people_app(project: Path) -> None:
    """Add the app to a project with masked copies; the caller runs makemigrations."""
    for name, text in FILES.items():
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.lstrip("\n"))
    settings = project / "config" / "settings.py"
    settings.write_text(
        settings.read_text().replace('    "apps.accounts",', '    "apps.accounts",\n    "apps.people",')
    )
