"""Projects with other answers, without Docker."""

import pytest

from tests import workflow
from tests.production import Production, Visitor
from tests.project import Project
from tools import combinations


@pytest.mark.parametrize("row", combinations.list_host_rows(), ids=combinations.format_row)
def test_checks_and_pages(project: Project, production: Production, row: combinations.Answers) -> None:
    """A project passes `fab check` and the tests in `tests/inside/`, and its main pages return 200."""
    output = project.run("fab", "check").stdout
    assert workflow.parse_steps(output) == workflow.list_steps(project.folder)
    project.run_inside_tests()
    with production.serve() as site:
        visitor = Visitor(site)
        pages = combinations.list_main_pages(row)
        assert {page: visitor.get(page).status for page in pages} == dict.fromkeys(pages, 200)
