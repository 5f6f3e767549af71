"""How `fab pull` masks users' data, and the tables of Django's own apps: docs/masking.md."""

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session

from apps.accounts.models import AttemptCounter, User
from apps.core.masking import KEEP, NO_PASSWORD, email, leave_out, mask, numbered

mask(
    User,
    email=email(),
    name=numbered("Person "),
    password=NO_PASSWORD,
    date_joined=KEEP,
    last_login=KEEP,
)
mask(Group, name=KEEP)
mask(Permission, name=KEEP, codename=KEEP)
mask(ContentType, app_label=KEEP, model=KEEP)
leave_out(AttemptCounter, LogEntry, Session)
