"""What hooks/pre_gen_project.py holds, which runs at import and so cannot be imported."""

import ast
from typing import Any

from tests.conftest import TEMPLATE


def constant(name: str) -> Any:
    """Return the value of one of its constants."""
    hook = ast.parse((TEMPLATE / "hooks" / "pre_gen_project.py").read_text("utf-8"))
    for node in hook.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise LookupError(name)
