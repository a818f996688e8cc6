"""How an action asks its host: by code that is sent to one bare Python, or by a module. docs/transport.md says why."""

from __future__ import annotations

import json
import shlex
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PYTHON
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_code import LEVEL, PACKAGE, packed
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import (
    HostResultError,
    parse_answer,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.http_proxy import (
    PROXY,
    VARIABLES,
    HttpProxy,
    http_proxy,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.terminal_text import harmless

# One short line without quotes, so any login shell takes it as Ansible quotes it. It runs the first file of its input.
PROGRAM = "import sys;i=sys.stdin.buffer;exec(i.read(int(i.readline())))"
MARK = "asgi.deploy answers: "
_ABSENT = 127  # the status of shells for a program that is not there
_SHOWN = 4000  # characters of what a host printed before it ended with an error


class Transport:
    """The way from an action to its host.

    Code is sent where a module would be sent through a pipeline. Everywhere else a module of the collection does the
    same.
    """

    def __init__(self, action: ActionBase, variables: Mapping[str, Any]) -> None:
        """Take an action, and the variables of its task."""
        self._action = action
        self._variables = variables

    @property
    def module_reason(self) -> str:
        """Return why a module has to do it, in a few words; empty where code can be sent."""
        action = self._action
        if action._task.async_val:
            return "async"
        # Mitogen has a Python of its own on the host, and knows no pipeline: its actions refuse the question for one.
        if any(base.__module__.partition(".")[0] == "ansible_mitogen" for base in type(action._connection).__mro__):
            return "Mitogen"
        # It is off by ansible_pipelining, for connections without, for su, and where remote files are kept.
        return "" if action._is_pipelining_enabled("new") else "no pipelining"

    def call(self, module: str, function: str, *arguments: Json, secrets: Iterable[str] = ()) -> Json:
        """Return what a function answers on the host; no one has checked that, see `host_results`.

        Args:
            module: a module of plugins/module_utils that imports nothing of Ansible, as its dotted name below that.
            function: takes the arguments, and returns what JSON can hold.
            arguments: of the function.
            secrets: texts that the host masks in all that it prints.

        Raises:
            AnsibleActionFail: Python is not there, ended with an error, or answers no JSON; says what it printed.
        """
        python, proxy = self._python(), self._http_proxy()
        hidden = sorted({*secrets, *proxy.secrets})
        call = {
            "module": f"{PACKAGE}.{module}",
            "function": function,
            "arguments": arguments,
            "secrets": hidden,
            "mark": MARK,
            "environment": proxy.environment,
        }
        sent = packed(module) + zlib.compress(json.dumps(call).encode(), LEVEL)
        # What the play sets as `environment`, such as a proxy, comes before the command as Ansible writes it.
        environment = self._action._compute_environment_string()
        command = f"{environment} {shlex.quote(python)} -I -S -c {shlex.quote(PROGRAM)}".lstrip()
        result = self._action._low_level_execute_command(command, in_data=sent)
        if result["rc"] == _ABSENT:
            raise AnsibleActionFail(self._absent_sudo() or _absent_python(python))
        answers = [line for line in result["stdout_lines"] if line.startswith(MARK)]
        if result["rc"] or not answers:
            printed = remove_values(f"{result['stdout']}\n{result['stderr']}".strip(), hidden)
            raise AnsibleActionFail(
                f"{python} on the host ended with status {result['rc']}:\n{harmless(printed[-_SHOWN:])}"
            )
        with refuse_bad_answers():
            return remove_values(parse_answer(answers[-1][len(MARK) :]), hidden)  # type: ignore[no-any-return]

    def run_module(self, options: Mapping[str, Json], name: str | None = None) -> dict[str, Json]:
        """Return what a module answers: the one of the action's own name, or another.

        Its warnings are objects since ansible-core 2.19, and text again in the result.
        """
        action, task = self._action, self._action._task
        if environment := self._http_proxy_of_modules().environment:
            # Ansible writes it into the command that starts the module.
            task.environment = [*(task.environment or []), environment]
        Display().vvv(f"by a module: {self.module_reason}", host=self._variables.get("inventory_hostname"))
        result = action._execute_module(
            module_name=name,
            module_args=options,
            task_vars=self._variables,
            wrap_async=task.async_val and not action._connection.has_native_async,
        )
        if warnings := result.get("warnings"):
            result["warnings"] = [str(getattr(getattr(item, "event", None), "msg", item)) for item in warnings]
        return result  # type: ignore[no-any-return]

    def _http_proxy(self) -> HttpProxy:
        """Return the proxy by which the host reaches others.

        Raises:
            AnsibleActionFail: its variables are wrong.
        """
        template, given = self._action._templar.template, [name for name in VARIABLES if name in self._variables]
        try:
            return http_proxy({name: plain(template(self._variables[name])) for name in given})
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error

    def _http_proxy_of_modules(self) -> HttpProxy:
        """Return the proxy where a module has to use it.

        Raises:
            AnsibleActionFail: it has a password, which all users of the host would see in the list of processes.
        """
        proxy = self._http_proxy()
        if proxy.secrets:
            raise AnsibleActionFail(
                f"{PROXY}: holds a user or a password, which all users of the host could read in its list of processes "
                f"while a module runs ({self.module_reason}); allow ansible_pipelining, or write a proxy without them"
            )
        return proxy

    def _python(self) -> str:
        """Return the path of the host's Python."""
        variables = self._variables
        # A task that is delegated runs on a host with variables of its own, which Ansible puts there.
        there = variables.get("ansible_delegated_vars", {}).get(self._action._task.delegate_to, variables)
        chosen = str(self._action._templar.template(there.get("ansible_python_interpreter", PYTHON)))
        return chosen if chosen.startswith("/") else PYTHON  # `auto` and the like

    def _absent_sudo(self) -> str:
        """Return a message if sudo, or another program of its kind, is not on the host; empty if it is."""
        become = self._action._connection.become
        if become is None:
            return ""
        program = become.get_option("become_exe") or become.name
        found = self._action._low_level_execute_command(f"command -v {shlex.quote(program)}", sudoable=False)
        if found["rc"] == 0:
            return ""
        return (
            f"ansible_become_method: found {become.name!r}, but {program} is not on the host; install it there as "
            f"root, as in apt-get install -y {become.name}, or log in as root, as in ansible_user: root"
        )


def _absent_python(python: str) -> str:
    return (
        f"{python} is not on the host; install it, as in ansible all -b -m ansible.builtin.raw "
        "-a 'apt-get install -y python3', or write where another one is, as ansible_python_interpreter"
    )


@contextmanager
def refuse_bad_answers() -> Iterator[None]:
    """Raise AnsibleActionFail for an answer that is none: see `host_results`."""
    try:
        yield
    except HostResultError as error:
        raise AnsibleActionFail(f"the host's answer: {error}") from error
