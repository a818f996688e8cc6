"""What runs on a host with Python and nothing else."""

from __future__ import annotations

import ast
import json
import sys
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible import bare_python as remote

from tests import ROOT
from tests.unit.controller.ansible.local_action import Action

FOLDER = ROOT / "plugins" / "module_utils"
MODULES = {
    str(path.relative_to(FOLDER).with_suffix("")).replace("/", ".")
    for side in ("_host", "_shared")
    for path in (FOLDER / side).rglob("*.py")
}


def imported(name: str) -> set[str]:
    """Return what a file imports of its folder, as Python reads it."""
    found: set[str] = set()
    tree = ast.parse(remote.source(name))
    tree.body = [node for node in tree.body if not _only_for_types(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"{remote.PACKAGE}."):
            module = str(node.module).removeprefix(f"{remote.PACKAGE}.")
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix(f"{remote.PACKAGE}.") for alias in node.names}
    return found & MODULES


def _only_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@pytest.mark.parametrize("name", sorted(MODULES))
def test_all_that_it_imports_is_sent(name: str) -> None:
    wanted, new = set[str](), {name}
    while new:
        wanted |= new
        new = set[str]().union(*map(imported, new)) - wanted
    assert list(remote.needed(name)) == sorted(wanted)


FACTS, INSPECTIONS = "_host.system.facts", "_host.survey.inspections"
SENT = [FACTS, INSPECTIONS, *sorted(name for name in MODULES if name.startswith("_host.tasks."))]


@pytest.mark.parametrize("sent", SENT)
def test_what_is_sent_is_all_ours(sent: str) -> None:
    """Ansible's own code is not on hosts."""
    for name in remote.needed(sent):
        text = remote.source(name)
        assert "from ansible." not in text and "import ansible." not in text, name


def here() -> dict[str, Any]:
    return {"ansible_python_interpreter": sys.executable}


def test_a_function_is_called() -> None:
    assert remote.call(Action(), here(), FACTS, "facts") == facts.facts()


def test_a_look_is_taken() -> None:
    """With all that it imports; what a login says is not taken for an answer."""
    assert remote.call(Action("Welcome!", '{"to": "this host"}'), here(), INSPECTIONS, "inspect_all", []) == []


def test_a_task_that_is_delegated_finds_the_python_of_its_host() -> None:
    variables = {"ansible_python_interpreter": "/no/such/python3", "ansible_delegated_vars": {"there": here()}}
    assert remote.call(Action(delegate_to="there"), variables, FACTS, "facts") == facts.facts()


def test_a_former_interpreter_is_no_path() -> None:
    found = remote.call(Action(), {"ansible_python_interpreter": "auto_silent"}, FACTS, "facts")
    assert json.dumps(found)


@pytest.mark.parametrize(
    ("python", "function", "says"),
    [
        ("/no/such/python3", "facts", "/no/such/python3 is not on the host; install it"),
        (sys.executable, "nothing", "ended with status 1:\nTraceback"),
        ("/bin/true", "facts", "/bin/true on the host ended with status 0"),
    ],
)
def test_what_goes_wrong_is_told(python: str, function: str, says: str) -> None:
    with pytest.raises(AnsibleActionFail) as error:
        remote.call(Action(), {"ansible_python_interpreter": python}, FACTS, function)
    assert says in str(error.value)
