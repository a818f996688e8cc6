"""What keeps certificates on a host without Ansible."""

from __future__ import annotations

import ast
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
PACKAGE = "ansible_collections.asgi.deploy.plugins.module_utils"


def imports(name: str) -> set[str]:
    """The collection's own modules that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((TOP / "plugins" / "module_utils" / f"{name}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
            found.add(str(node.module).removeprefix(f"{PACKAGE}."))
    return found


def test_all_that_it_imports_is_on_the_host() -> None:
    needed, new = set[str](), {"renewal"}
    while new:
        needed |= new
        new = set[str]().union(*map(imports, new)) - needed
    variables = yaml.safe_load((TOP / "roles" / "certificate" / "vars" / "main.yml").read_text())
    assert variables["_certificate_modules"] == sorted(needed)
