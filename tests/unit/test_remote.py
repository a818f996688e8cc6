"""What runs on a host with Python and nothing else."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.asgi.deploy.plugins.module_utils import host
from ansible_collections.asgi.deploy.plugins.plugin_utils import remote

from tests.unit.here import Action

FOLDER = Path(__file__).resolve().parents[2] / "plugins" / "module_utils"


def imported(name: str) -> set[str]:
    """What a file imports of its folder, as Python reads it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == remote.PACKAGE:
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{remote.PACKAGE}."):
            found.add(str(node.module).removeprefix(f"{remote.PACKAGE}."))
    return found


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_all_that_it_imports_is_sent(name: str) -> None:
    wanted, new = set[str](), {name}
    while new:
        wanted |= new
        new = set[str]().union(*map(imported, new)) - wanted
    assert list(remote.needed(name)) == sorted(wanted)


SENT = ["host", "looks", *sorted(path.stem for path in FOLDER.glob("act_*.py"))]


@pytest.mark.parametrize("sent", SENT)
def test_what_is_sent_is_all_ours(sent: str) -> None:
    """Ansible's own code is not on hosts."""
    for name in remote.needed(sent):
        text = remote.source(name)
        assert "from ansible." not in text and "import ansible." not in text, name


def here() -> dict[str, Any]:
    return {"ansible_python_interpreter": sys.executable}


def test_a_function_is_called() -> None:
    assert remote.call(Action(), here(), "host", "facts") == host.facts()


def test_a_look_is_taken() -> None:
    """With all that it imports; what a login says is not taken for an answer."""
    assert remote.call(Action("Welcome!", '{"to": "this host"}'), here(), "looks", "looked", []) == []


def test_a_task_that_is_delegated_finds_the_python_of_its_host() -> None:
    variables = {"ansible_python_interpreter": "/no/such/python3", "ansible_delegated_vars": {"there": here()}}
    assert remote.call(Action(delegate_to="there"), variables, "host", "facts") == host.facts()


def test_a_former_interpreter_is_no_path() -> None:
    found = remote.call(Action(), {"ansible_python_interpreter": "auto_silent"}, "host", "facts")
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
        remote.call(Action(), {"ansible_python_interpreter": python}, "host", function)
    assert says in str(error.value)
