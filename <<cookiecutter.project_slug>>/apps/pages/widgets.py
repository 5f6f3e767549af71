"""Wagtail's choosers without their inline scripts, which the Content Security Policy forbids."""

import json
import re
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from wagtail.admin.widgets import BaseChooser

# Such as: new PageChooser("id_page", {"modelNames": ["wagtailcore.page"]});
CALL = re.compile(r"(?:new )?(?P<name>\w+)\((?P<arguments>.*)\);", re.DOTALL)


def render(
    chooser: BaseChooser, name: str, value: Any, attrs: dict[str, Any], renderer: Any = None
) -> SafeString:
    """Return a chooser, and the data with which assets/js/cms.js starts it."""
    data = chooser.get_value_data(value)
    html = chooser.render_html(name, data, attrs)
    call = CALL.fullmatch(chooser.render_js_init(attrs["id"], name, data))
    if not call:
        raise ValueError(f"{type(chooser).__name__} does not start with a single call.")
    identifier, *options = json.loads(f"[{call['arguments']}]")
    start = render_to_string(
        "wagtailadmin/start.html",
        {"name": call["name"], "id": identifier, "options": json.dumps(*options or [{}])},
    )
    return mark_safe(html + start)  # noqa: S308 - both come from templates, which escape


def install() -> None:
    """Make all choosers use this function."""
    BaseChooser.render = render
