from io import StringIO

from django.core.management import call_command


def test_schema_is_complete() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())
