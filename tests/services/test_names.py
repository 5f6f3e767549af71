"""Random names are accepted and rendered correctly in every file."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.answers.test_accepted import Template, check_names

# Names that pre_gen_project.py accepts, without the template's delimiters: Cookiecutter renders answers
# from its command line as templates.
NAMES = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")),
        min_size=1,
        max_size=80,
    )
    | st.text("\"'\\`<>&#$%{}[]()*_~|!-+=.:,; a1é🎉", min_size=1, max_size=80)
).filter(lambda name: name == name.strip() and not re.search("<[<%#]", name))


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the files that contain Jinja."""
    return Template()


@given(name=NAMES, description=NAMES, author=NAMES)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_random_names_are_rendered_unchanged(
    template: Template, name: str, description: str, author: str
) -> None:
    """Random names are rendered unchanged in each file."""
    check_names(template, name, description, author)
