"""CI files, read as their services read them: GitHub's `run:` steps and GitLab's `script:` lines."""

import re
import runpy
from dataclasses import dataclass, field
from pathlib import Path

import yaml

# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
GITHUB_SHELLS = {
    None: ["bash", "-e"],
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
    "sh": ["sh", "-e"],
}
# Steps that a test cannot run, and why; all others run as written.
NOT_RUN = {
    "pipx run pip-audit": "asks a public database: tests/services/test_audit.py runs a stand-in",
    "npm audit": "the same",
    "apk add": "is for Alpine, GitLab's image; the test's machine has bash, pipx and npm",
}


@dataclass
class Step:
    """A script, the words of the shell that reads it, its variables, and the folder below the checkout."""

    script: str
    shell: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    folder: str = "."

    def command(self, checkout: Path, file: Path) -> list[str]:
        """Write the script, without what a test cannot run, into a file; return the words that run it."""
        lines = [line for line in self.script.splitlines() if not line.startswith(tuple(NOT_RUN))]
        file.write_text("\n".join(lines))
        file.chmod(0o644)
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        return ["env", "--chdir", str(checkout / self.folder), *variables, *self.shell, str(file)]


def github(file: Path) -> dict[str, list[Step]]:
    """Return each job's `run:` steps, in order, from a workflow of GitHub Actions."""
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: list(github_steps(workflow, job)) for name, job in workflow["jobs"].items()}


def github_steps(workflow: dict, job: dict):
    """Yield a job's steps, under the variables and defaults of the workflow, the job and the step."""
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


def gitlab(file: Path) -> dict[str, list[Step]]:
    """Return each job's script, which is one step, from a pipeline of GitLab."""
    pipeline = yaml.safe_load(file.read_text(encoding="utf-8"))
    jobs = {name: job for name, job in pipeline.items() if isinstance(job, dict) and "script" in job}
    return {
        name: [Step("\n".join(job["script"]), ["sh", "-e"], job.get("variables", {}))]
        for name, job in jobs.items()
    }


def steps_in(output: str) -> list[str]:
    """Return the steps that `fab check` has reported, in its order."""
    return re.findall(r"^ *[0-9.]+ s  (\S.*)$", output, re.MULTILINE)


def steps_of(project: Path) -> list[str]:
    """Return the steps of `fab check` as the project lists them."""
    steps = runpy.run_path(str(project / "fabfile" / "steps.py"))
    return [steps["shorten"](command) for command in steps["CHECKS"]]
