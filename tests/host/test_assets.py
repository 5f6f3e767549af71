"""The asset build: files of npm packages, broken references, and the watcher."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.production import wait_until
from tests.project import Project

PACKAGE = {
    "package.json": '{"name": "icons", "version": "1.0.0"}',
    "index.css": "@font-face { font-family: Icons; src: url(./fonts/icons.woff2?v=1#iefix) }",
    "fonts/icons.woff2": "a font",
    "image.svg": "<svg/>",
}


@pytest.fixture
def assets(project: Project) -> Path:
    """Return the asset sources of a project with an npm package of icons."""
    for name, text in PACKAGE.items():
        file = project.folder / "node_modules" / "icons" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (project.folder / "assets/js/modules/own.svg").write_text("<svg/>")
    (project.folder / "assets/js/modules/own.pdf").touch()
    return project.folder / "assets"


def test_files_of_packages_are_copied(project: Project, assets: Path) -> None:
    """Fonts and pictures of npm packages are copied with a hash in their names, also for production."""
    entry = assets / "scss" / "main.scss"
    own = entry.read_text()
    rule = '.a { background: url("pkg:icons/image.svg") }'
    entry.write_text(f'@use "pkg:icons/index.css" as icons;\n{own}\n{rule}\n')
    script = assets / "js" / "main.js"
    script.write_text(f'{script.read_text()}\nimport own from "./modules/own.svg";\nconsole.log(own);\n')
    project.run("node", "assets/build.js")
    output = project.folder / "static" / "dist"
    text = (output / "css" / "main.css").read_text() + (output / "js" / "main.js").read_text()
    names = set(re.findall(r"/static/dist/(files/[a-z]+-[A-Z0-9]{8}\.(?:svg|woff2))", text))
    assert len(names) == 3
    assert all((output / name).exists() for name in names)
    project.run("python", "manage.py", "collectstatic", "--noinput", DEBUG="false", BUILDING="true")
    assert all((project.folder / "staticfiles" / "dist" / name).exists() for name in names)


@pytest.mark.parametrize(
    ("file", "line", "reason"),
    [
        (
            "scss/main.scss",
            ".a { background: url(../../images/gone.png) }",
            "There is no static/images/gone.png",
        ),
        ("scss/main.scss", ".a { background: url(/static/gone.svg#x) }", "There is no static/gone.svg"),
        ("scss/main.scss", ".a { background: url(pkg:icons/gone.png) }", "gone.png"),
        ("js/main.js", 'import "icons/index.css";', "No page would load icons/index.css"),
        ("js/main.js", 'import("../scss/main.scss");', "No page would load ../scss/main.scss"),
        ("js/main.js", 'import own from "./modules/own.pdf"; console.log(own);', "own.pdf"),
    ],
)
def test_a_broken_reference_fails_the_build(
    project: Project, assets: Path, file: str, line: str, reason: str
) -> None:
    """A reference to a missing file fails the build, and the error names the file."""
    (assets / file).write_text(f"{(assets / file).read_text()}\n{line}\n")
    result = project.run("node", "assets/build.js", check=False)
    assert result.returncode == 1
    assert reason in result.stdout


def test_the_watcher_sees_new_and_removed_files(project: Project, assets: Path) -> None:
    """The asset watcher builds new stylesheets and scripts, and deletes the output of removed ones."""
    output = project.folder / "static" / "dist"
    watcher = subprocess.Popen(
        ["node", "assets/build.js", "--watch"],
        cwd=project.folder,
        env=project.variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until((output / "css" / "main.css").exists, 20)
        (assets / "scss" / "map.scss").write_text("a { color: red }")
        (assets / "js" / "map.js").write_text("console.log(1);")
        (assets / "scss" / "._map.scss").write_bytes(b"\xff")
        for name in ("css/map.css", "js/map.js", "css/main.css"):
            wait_until((output / name).exists, 20)
        (assets / "js" / "map.js").unlink()
        wait_until(lambda: not (output / "js" / "map.js").exists(), 20)
        wait_until((output / "css" / "map.css").exists, 20)
        assert not (output / "css" / "._map.css").exists()
        assert watcher.poll() is None
    finally:
        watcher.kill()
        watcher.wait()
