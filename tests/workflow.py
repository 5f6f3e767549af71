"""Read CI files as their services do: GitHub's `run:` steps and GitLab's `script:` lines."""

import re
import runpy
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import yaml

# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
GITHUB_SHELLS = {
    None: ["bash", "-e"],
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
    "sh": ["sh", "-e"],
}
# Commands that tests skip, and why; all others run as written.
SKIPPED = {
    "pipx run pip-audit": "queries a public database: tests/services/test_audit.py runs a stub",
    "npm audit": "the same",
    "apk add": "is for Alpine, GitLab's image; the machine of the tests has bash, pipx and npm",
}


@dataclass
class Step:
    """A script, its shell command, its environment variables, and its folder in the checkout."""

    script: str
    shell: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    folder: str = "."

    def write_script(self, checkout: Path, file: Path) -> list[str]:
        """Write the script to a file, without skipped commands; return the command that runs it."""
        lines = [line for line in self.script.splitlines() if not line.startswith(tuple(SKIPPED))]
        file.write_text("\n".join(lines))
        file.chmod(0o644)
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        return ["env", "--chdir", str(checkout / self.folder), *variables, *self.shell, str(file)]


def read_github_workflow(file: Path) -> dict[str, list[Step]]:
    """Return the `run:` steps of each job of a GitHub Actions workflow, in order."""
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: list(read_github_steps(workflow, job)) for name, job in workflow["jobs"].items()}


def read_github_steps(workflow: dict, job: dict):
    """Yield a job's steps with the variables and defaults of the workflow, the job and the step."""
    defaults = {
        **workflow.get("defaults", {}).get("run", {}),
        **job.get("defaults", {}).get("run", {}),
    }
    for step in job["steps"]:
        if "run" in step:
            variables = {**workflow.get("env", {}), **job.get("env", {}), **step.get("env", {})}
            options = {**defaults, **step}
            yield Step(
                step["run"],
                GITHUB_SHELLS[options.get("shell")],
                {name: str(value) for name, value in variables.items()},
                options.get("working-directory", "."),
            )


def read_gitlab_pipeline(file: Path) -> dict[str, list[Step]]:
    """Return the script of each job of a GitLab pipeline, as one step."""
    pipeline = yaml.safe_load(file.read_text(encoding="utf-8"))
    jobs = {name: job for name, job in pipeline.items() if isinstance(job, dict) and "script" in job}
    return {
        name: [Step("\n".join(job["script"]), ["sh", "-e"], job.get("variables", {}))]
        for name, job in jobs.items()
    }


def read_ci(project: Path, ci: str) -> dict[str, list[Step]]:
    """Return the steps of each job of a project's CI: "github" or "gitlab"."""
    if ci == "github":
        return read_github_workflow(project / ".github" / "workflows" / "ci.yml")
    return read_gitlab_pipeline(project / ".gitlab-ci.yml")


def parse_steps(output: str) -> list[str]:
    """Return the steps in the output of `fab check`, in order."""
    return re.findall(r"^ *[0-9.]+ s  (\S.*)$", output, re.MULTILINE)


def list_steps(project: Path) -> list[str]:
    """Return the steps of `fab check` in the project's list."""
    steps = runpy.run_path(str(project / "fabfile" / "steps.py"))
    commands = [command.removeprefix(steps["PRODUCTION"]) for command in steps["CHECKS"]]
    return [textwrap.shorten(command, 100, placeholder="…") for command in commands]
