"""Libraries from npm under the site's Content Security Policy."""

import subprocess
from pathlib import Path

from markdown_it import MarkdownIt
from playwright.sync_api import Browser

from tests.production import find_free_port
from tests.project import Project

PACKAGES = ("htmx.org", "@alpinejs/csp", "chart.js")
# A typical template; htmx loads /robots.txt.
PAGE = """
{% extends "base.html" %}
{% block content %}
<div x-data="counter"><button id="more" @click="more">More</button> <output x-text="count"></output></div>
<button id="load" hx-get="/robots.txt" hx-target="#answer">Load</button>
<p id="answer"></p>
<canvas id="chart"></canvas>
{% endblock %}
"""
ON_VIOLATION = "addEventListener('securitypolicyviolation', event => console.error(event.violatedDirective))"


def read_code_block(file: Path, language: str) -> str:
    """Return a document's only code block in this language."""
    tokens = MarkdownIt().parse(file.read_text(encoding="utf-8"))
    [text] = [token.content for token in tokens if token.type == "fence" and token.info == language]
    return text


def test_htmx_alpine_and_chart_js(project: Project, browser: Browser) -> None:
    """htmx, Alpine.js and Chart.js, imported as in docs/troubleshooting.md, work without a CSP violation."""
    project.variables["WEB_PORT"] = str(find_free_port())
    npm = ["npm", "install", "--no-audit", "--no-fund", *PACKAGES]
    subprocess.run(npm, cwd=project.folder, env=project.variables, check=True, capture_output=True)
    script = project.folder / "assets" / "js" / "main.js"
    script.write_text(
        f"{read_code_block(project.folder / 'docs/troubleshooting.md', 'js')}{script.read_text()}"
    )
    (project.folder / "apps/core/templates/core/home.html").write_text(PAGE)
    project.run("fab", "start")
    try:
        page = browser.new_page()
        errors = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(ON_VIOLATION)
        page.goto(f"http://localhost:{project.variables['WEB_PORT']}/", wait_until="networkidle")
        page.click("#more")
        assert page.inner_text("output") == "1"
        page.click("#load")
        page.wait_for_function("document.querySelector('#answer').innerText.includes('Sitemap')")
        assert page.evaluate("document.querySelector('canvas').toDataURL().length") > 5000
        assert errors == []
    finally:
        project.run("fab", "stop")
