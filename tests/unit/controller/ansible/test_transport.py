"""The way from an action to its host."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import facts
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.transport import PROGRAM, Transport

from tests.unit.controller.ansible.local_action import Action

FACTS, INSPECTIONS, FILES = "_host.system.facts", "_host.survey.inspections", "_host.tasks.files"
SECRET = "hunter2-of-the-key"  # noqa: S105


def here(**more: Any) -> dict[str, Any]:
    return {"ansible_python_interpreter": sys.executable, **more}


def call(action: Action, module: str, function: str, *arguments: Json, secrets: tuple[str, ...] = ()) -> Json:
    return Transport(action, here()).call(module, function, *arguments, secrets=secrets)


def test_a_function_is_called() -> None:
    assert call(Action(), FACTS, "read_facts") == facts.read_facts()


def test_a_host_is_inspected() -> None:
    """With all that an inspection imports; what a login says is not taken for an answer."""
    assert call(Action("Welcome!", '{"to": "this host"}'), INSPECTIONS, "inspect_all", []) == []


def test_a_task_that_is_delegated_finds_the_python_of_its_host() -> None:
    variables = {"ansible_python_interpreter": "/no/such/python3", "ansible_delegated_vars": {"there": here()}}
    assert Transport(Action(delegate_to="there"), variables).call(FACTS, "read_facts") == facts.read_facts()


def test_a_former_interpreter_is_no_path() -> None:
    actual = Transport(Action(), {"ansible_python_interpreter": "auto_silent"}).call(FACTS, "read_facts")
    assert json.dumps(actual)


@pytest.mark.parametrize(
    ("python", "function", "says"),
    [
        ("/no/such/python3", "read_facts", "/no/such/python3 is not on the host; install it"),
        (sys.executable, "nothing", "ended with status 1:\nTraceback"),
        ("/bin/true", "facts", "/bin/true on the host ended with status 0"),
    ],
)
def test_an_error_says_what_went_wrong(python: str, function: str, says: str) -> None:
    with pytest.raises(AnsibleActionFail) as error:
        Transport(Action(), {"ansible_python_interpreter": python}).call(FACTS, function)
    assert says in str(error.value)


class Become:
    """How another user is become, as Ansible's plugin describes it."""

    def __init__(self, name: str, program: str | None = None) -> None:
        self.name = name
        self._program = program

    def get_option(self, name: str) -> str | None:
        """Return the program that the user set."""
        assert name == "become_exe"
        return self._program


@pytest.mark.parametrize("program", [None, "/no/such/sudo"])
def test_a_sudo_that_is_missing_is_not_taken_for_a_python_that_is_missing(program: str | None, tmp_path: Path) -> None:
    action = Action(become=Become("sudo", program), path=str(tmp_path))
    with pytest.raises(AnsibleActionFail, match=r"ansible_become_method: found 'sudo', but .*sudo is not on the host"):
        call(action, FACTS, "read_facts")


def test_a_python_that_is_missing_is_named_where_there_is_a_sudo(tmp_path: Path) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\nexec /no/such/python3 "$@"\n')
    sudo.chmod(0o755)
    with pytest.raises(AnsibleActionFail, match=r"python.* is not on the host; install it"):
        call(Action(become=Become("sudo"), path=str(tmp_path)), FACTS, "read_facts")


def test_the_host_masks_secrets_before_it_prints_anything() -> None:
    """With -vvv Ansible shows what a host prints, before any action sees it."""
    action = Printing()
    path = f"/no/such/{SECRET}/motd"
    file: dict[str, Json] = {"path": path, "state": "file", "content": "a", "mode": "0644", "exclusive": False}
    options: Json = {
        "files": [{**file, "secret_content": None, "target": None, "owner": "root", "group": "root"}],
        **{"unread": [], "units": [], "users": [], "validate": [], "reload": None},
    }
    assert call(action, FILES, "act", options, True, secrets=(SECRET,))
    (printed,) = action.printed
    assert "/no/such/********/motd" in printed and SECRET not in printed


class Printing(Action):
    """An action that keeps all that its host prints, as Ansible shows it with -vvv."""

    def __init__(self) -> None:
        super().__init__()
        self.printed: list[str] = []

    def _low_level_execute_command(self, command: str, in_data: bytes = b"", sudoable: bool = True) -> dict[str, Any]:
        result = super()._low_level_execute_command(command, in_data, sudoable)
        self.printed.append(result["stdout"] + result["stderr"])
        return result


def test_a_traceback_has_no_secret() -> None:
    action = Printing()
    with pytest.raises(AnsibleActionFail, match=r"/no/such/\*{8}") as error:
        call(action, "_host.system.commands", "run", [f"/no/such/{SECRET}"], secrets=(SECRET,))
    (printed,) = action.printed
    assert "Traceback" in printed and "/no/such/********" in printed
    assert SECRET not in printed + str(error.value)


def test_the_command_is_one_short_line_without_quotes() -> None:
    """So any login shell takes it; tests of the scenario `services` log in by tcsh, csh and fish."""
    action = Action()
    call(action, FACTS, "read_facts")
    (command,) = action.commands
    assert "\n" not in command and len(command) < 250
    assert not set(PROGRAM) & set("'\"!$`\\")


class OtherPython:
    """A connection whose module is Mitogen's."""

    __module__ = "ansible_mitogen.connection"
    become = None
    has_native_async = False


class WithoutPipe(Action):
    """An action of Mitogen, which refuses the question for a pipeline."""

    def _is_pipelining_enabled(self, style: str) -> bool:
        raise AssertionError(style)


def test_code_is_sent_where_there_is_a_pipeline() -> None:
    assert Transport(Action(), here()).module_reason == ""


def test_mitogen_gets_modules() -> None:
    action = WithoutPipe()
    action._connection = OtherPython()  # type: ignore[assignment]
    assert Transport(action, here()).module_reason == "Mitogen"


def test_a_task_that_goes_on_by_itself_gets_a_module() -> None:
    action = Action()
    action._task.async_val = 60
    assert Transport(action, here()).module_reason == "async"


def test_a_module_of_another_name_is_run_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    action: Any = Action()
    asked: dict[str, Any] = {}
    warning = SimpleNamespace(event=SimpleNamespace(msg="the clock is wrong"))
    action._execute_module = lambda **options: (
        asked.update(options) or {"found": [], "warnings": [warning, "as before"]}
    )
    actual = Transport(action, here(inventory_hostname="web1")).run_module({"looks": []}, "asgi.deploy.look")
    assert actual == {"found": [], "warnings": ["the clock is wrong", "as before"]}
    assert (asked["module_name"], asked["module_args"]) == ("asgi.deploy.look", {"looks": []})


PROXY = "http://proxy.example.com:3128"
BY_PASSWORD = f"http://ops:{SECRET}@proxy.example.com:3128"


def test_the_proxy_of_a_host_is_in_no_command_line_and_in_nothing_that_is_printed() -> None:
    """What Python on the host starts has it: here the program that prints its own variables."""
    action = Printing()
    found = Transport(action, here(asgi_http_proxy=BY_PASSWORD)).call(
        "_host.system.commands", "run", ["/usr/bin/printenv", "https_proxy", "no_proxy"]
    )
    assert str(found).startswith("http://ops:********@proxy.example.com:3128\nlocalhost,"), found
    assert SECRET not in "".join([*action.commands, *action.printed])


def test_a_proxy_that_is_wrong_ends_a_task_before_the_host_is_asked() -> None:
    action = Action()
    with pytest.raises(AnsibleActionFail, match="asgi_http_proxy: found socks5://, expected http://"):
        Transport(action, here(asgi_http_proxy="socks5://proxy.example.com:1080")).call(FACTS, "read_facts")
    assert not action.commands


def test_a_module_gets_the_proxy_as_a_play_would_set_it() -> None:
    action: Any = Action()
    action._task.environment = [{"LANG": "C"}]
    action._execute_module = lambda **_options: {"found": []}
    Transport(action, here(asgi_http_proxy=PROXY)).run_module({})
    assert action._task.environment[0] == {"LANG": "C"}
    assert action._task.environment[1]["https_proxy"] == PROXY


def test_a_module_gets_no_proxy_with_a_password() -> None:
    """Ansible would write it into a command line, which all users of the host can read."""
    action: Any = Action()
    action._task.async_val = 60
    with pytest.raises(
        AnsibleActionFail, match=r"list of processes while a module runs \(async\); allow ansible_pip"
    ) as e:
        Transport(action, here(asgi_http_proxy=BY_PASSWORD)).run_module({})
    assert SECRET not in str(e.value)
