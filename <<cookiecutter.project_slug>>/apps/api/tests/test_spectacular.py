from io import StringIO

from django.core.management import call_command


def test_the_description_leaves_nothing_open() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())
