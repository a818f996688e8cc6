"""Functions of plugins/module_utils that run on a host, with Python and nothing else.

A module brings Ansible's own code along, which takes the controller as long to pack, and the host as long to read, as
what we ask for. So what is asked for is sent as it is: the files that it needs, as the input of one Python.
"""

from __future__ import annotations

import ast
import functools
import json
import re
import shlex
import textwrap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PYTHON
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import HostResultError, parse_answer
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.terminal_text import harmless

PACKAGE = "ansible_collections.asgi.deploy.plugins.module_utils"
_FOLDER = Path(__file__).parents[2] / "module_utils"
# Imports that only mypy needs: annotations are not evaluated on a host, so their modules are not sent.
_TYPES_ONLY = re.compile(r"^if TYPE_CHECKING:\n(?:[ \t]+[^\n]*\n|\n)+", re.MULTILINE)
# A statement that imports from the package, to its end. To parse whole files would take as long as a look at a host.
_IMPORT = re.compile(rf"^[ \t]*(?:from|import) {re.escape(PACKAGE)}\b(?:[^(\n]*\([^)]*\)[^\n]*|[^\n]*)", re.MULTILINE)
_LEVEL = 4  # of compression: half the time of the usual 6, for a twentieth more bytes
_ABSENT = 127  # the status that shells and sudo have for a program that is not there
# Its input: the length of the files, packed, in a line; these; and what is to be called.
_BOOT = f"""
import importlib.machinery, json, sys, zlib
size, sent = int(sys.stdin.buffer.readline()), sys.stdin.buffer.read()
files, call = json.loads(zlib.decompress(sent[:size])), json.loads(zlib.decompress(sent[size:]))
class Sent:
    def find_spec(self, name, path=None, target=None):
        if name in files:
            return importlib.machinery.ModuleSpec(name, self)
        if any(file.startswith(name + ".") for file in files):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        name = module.__name__
        exec(compile(files.get(name, ""), name, "exec", dont_inherit=True), module.__dict__)
    def get_source(self, name):
        return files.get(name, "")
sys.meta_path.insert(0, Sent())
module = importlib.import_module("{PACKAGE}." + call["module"])
print(json.dumps(getattr(module, call["function"])(*call["arguments"])))
"""


@functools.cache
def needed(name: str) -> tuple[str, ...]:
    """Return the module and all that it imports from plugins/module_utils, as dotted names below that folder."""
    found: set[str] = set()
    new = {name}
    while new:
        found |= new
        new = {other for one in new for other in _imported(source(one))} - found
    return tuple(sorted(found))


@functools.cache
def source(name: str) -> str:
    """Return the text of a module, from its dotted name below plugins/module_utils."""
    return _path(name).read_text(encoding="utf-8")


def _path(name: str) -> Path:
    return _FOLDER.joinpath(*name.split(".")).with_suffix(".py")


def _imported(text: str) -> set[str]:
    """Return the modules of plugins/module_utils that a text imports, as dotted names below that folder."""
    found: set[str] = set()
    for statement in _IMPORT.findall(_TYPES_ONLY.sub("", text)):
        try:
            (node,) = ast.parse(textwrap.dedent(statement)).body
        except (SyntaxError, ValueError) as error:
            raise ValueError(f"found {statement!r}, expected an import as ruff writes it") from error
        if isinstance(node, ast.ImportFrom):
            # What is imported from a folder is a module; what is imported from a module is a name in it.
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    names = {name.removeprefix(f"{PACKAGE}.") for name in found if name.startswith(f"{PACKAGE}.")}
    return {name for name in names if _path(name).is_file()}


@functools.cache
def packed(name: str) -> bytes:
    """A module and all that it needs, as it is sent. Who imports an action calls this, before Ansible forks."""
    return zlib.compress(json.dumps({f"{PACKAGE}.{one}": source(one) for one in needed(name)}).encode(), _LEVEL)


def call(action: Any, variables: dict[str, Any], module: str, function: str, *arguments: Any) -> Any:
    """Return what the host of an action answers for a function. It is not checked yet: see `host_results`.

    Args:
        action: the action, whose connection has pipelining.
        variables: the host's.
        module: a module of plugins/module_utils that imports nothing of Ansible, as its dotted name below that folder.
        function: takes the arguments and gives what JSON can hold.

    Raises:
        AnsibleActionFail: Python is not there, ended with an error, or answers no JSON; says what it printed.
    """
    # A task that is delegated runs on a host with variables of its own, which Ansible puts there.
    there = variables.get("ansible_delegated_vars", {}).get(action._task.delegate_to, variables)
    chosen = str(action._templar.template(there.get("ansible_python_interpreter", PYTHON)))
    python = chosen if chosen.startswith("/") else PYTHON  # `auto` and the like
    files = packed(module)
    asked = json.dumps({"module": module, "function": function, "arguments": arguments})
    sent = b"%d\n" % len(files) + files + zlib.compress(asked.encode(), _LEVEL)
    # What the play says as `environment`, such as a proxy, comes before the command as Ansible writes it.
    environment = action._compute_environment_string()
    command = f"{environment} {shlex.quote(python)} -I -S -c {shlex.quote(_BOOT)}".lstrip()
    answer = action._low_level_execute_command(command, in_data=sent)
    if answer["rc"] == _ABSENT:
        raise AnsibleActionFail(
            f"{python} is not on the host; install it, as in ansible all -b -m ansible.builtin.raw "
            "-a 'apt-get install -y python3', or write where another one is, as ansible_python_interpreter"
        )
    lines = answer["stdout_lines"]  # a login may have said something before
    if answer["rc"] or not lines:
        said = f"{answer['stdout']}\n{answer['stderr']}".strip()
        raise AnsibleActionFail(f"{python} on the host ended with status {answer['rc']}:\n{harmless(said[-4000:])}")
    with refusing_bad_answers():
        return parse_answer(lines[-1])


@contextmanager
def refusing_bad_answers() -> Iterator[None]:
    """Raise AnsibleActionFail for an answer that is none: see `host_results`."""
    try:
        yield
    except HostResultError as error:
        raise AnsibleActionFail(f"the host's answer: {error}") from error
