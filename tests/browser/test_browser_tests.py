"""The browser tests in a generated project."""

from tests.conftest import Bake
from tests.production import find_free_port
from tests.project import Project


def test_browser_tests_of_a_new_project(bake: Bake, project_variables: dict[str, str]) -> None:
    """`fab test --browser` installs what it needs, starts the site, and passes; a broken script fails it."""
    variables = {**project_variables, "RUN_IN": "host", "WEB_PORT": str(find_free_port())}
    del variables["VIRTUAL_ENV"]
    project = Project(bake(), variables)
    project.run("fab", "build")
    try:
        assert "2 passed" in project.run("fab", "test", "--browser").stdout
        assert "1 passed, 1 deselected" in project.run("fab", "test", "--browser", "-k", "theme").stdout
        script = project.folder / "assets/js/modules/theme.js"
        script.write_text(script.read_text().replace("saveTheme(window, target.value);", ""))
        result = project.run("fab", "test", "--browser", "-k", "theme", check=False)
        assert result.returncode == 1
        assert "a_chosen_theme_is_kept" in result.stdout
    finally:
        project.run("fab", "stop")
