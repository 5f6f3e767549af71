"""Every combination of the choices that change code: a project that is whole, and answers."""

import pytest

from tests import workflow
from tests.choices.conftest import COMBINATIONS
from tests.production import Production, Visitor
from tests.project import Project
from tools import combinations


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_combination(project: Project, production: Production, combination: combinations.Combination) -> None:
    """It passes `fab check` (format, lint, types, migrations, tests), and its main pages answer 200."""
    said = project.run("fab", "check").stdout
    assert workflow.steps_in(said) == workflow.steps_of(project.folder)
    with production.serve() as site:
        visitor = Visitor(site)
        pages = combinations.main_pages(combination)
        assert {page: visitor.get(page).status for page in pages} == dict.fromkeys(pages, 200)
