"""The code that a host is sent."""

from __future__ import annotations

import ast

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible import host_code

from tests import ROOT

FOLDER = ROOT / "plugins" / "module_utils"
MODULES = {
    str(path.relative_to(FOLDER).with_suffix("")).replace("/", ".")
    for side in ("_host", "_shared")
    for path in (FOLDER / side).rglob("*.py")
}


def imported(name: str) -> set[str]:
    """Return what a file imports of its folder, as Python reads it."""
    result: set[str] = set()
    tree = ast.parse(host_code.source(name))
    tree.body = [node for node in tree.body if not _only_for_types(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"{host_code.PACKAGE}."):
            module = str(node.module).removeprefix(f"{host_code.PACKAGE}.")
            result |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            result |= {alias.name.removeprefix(f"{host_code.PACKAGE}.") for alias in node.names}
    return result & MODULES


def _only_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@pytest.mark.parametrize("name", sorted(MODULES))
def test_all_that_it_imports_is_sent(name: str) -> None:
    needed, new = set[str](), {name}
    while new:
        needed |= new
        new = set[str]().union(*map(imported, new)) - needed
    assert list(host_code.needed(name)) == sorted(needed)


FACTS, INSPECTIONS = "_host.system.facts", "_host.survey.inspections"
SENT = [FACTS, INSPECTIONS, *sorted(name for name in MODULES if name.startswith("_host.tasks."))]


@pytest.mark.parametrize("sent", SENT)
def test_what_is_sent_is_all_ours(sent: str) -> None:
    """Ansible's own code is not on hosts."""
    for name in host_code.needed(sent):
        text = host_code.source(name)
        assert "from ansible." not in text and "import ansible." not in text, name
