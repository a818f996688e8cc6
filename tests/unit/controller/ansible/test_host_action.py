"""What a run does on a host: by one bare Python, or by a module, with the same answer."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.asgi.deploy.plugins.action import files as files_action
from ansible_collections.asgi.deploy.plugins.action import logs as logs_action
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import exec as act_exec
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import files as act_files
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_action import HostAction
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.transport import Transport

from tests import ROOT
from tests.unit.conftest import trusted
from tests.unit.controller.ansible.local_action import Action

PLUGINS = ROOT / "plugins"
ACTS = sorted(path.stem for path in PLUGINS.glob("module_utils/_host/tasks/*.py") if path.stem != "results")
HERE = {"ansible_python_interpreter": sys.executable}


class Host(Action):
    """What an action knows of its task and host, which is this machine."""

    _execute_module: Any

    def __init__(self, pipelining: bool = True, check_mode: bool = False, async_val: int = 0) -> None:
        super().__init__()
        self.host_task = act_files
        self._task = SimpleNamespace(check_mode=check_mode, async_val=async_val, delegate_to=None)
        self._pipelining = pipelining

    def _is_pipelining_enabled(self, _style: str) -> bool:
        return self._pipelining


def answer(host: Host, **options: Any) -> dict[str, Any]:
    return HostAction.answer(host, options, HERE)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ACTS)
def test_each_has_an_action_and_a_module(name: str) -> None:
    task = importlib.import_module(f"ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.{name}")
    action = importlib.import_module(f"ansible_collections.asgi.deploy.plugins.action.{name}")
    assert issubclass(action.ActionModule, HostAction)
    assert action.ActionModule.host_task is task
    assert f"run_act(act_{name})" in (PLUGINS / "modules" / f"{name}.py").read_text()


def test_it_is_done_and_reported(tmp_path: Path) -> None:
    files = [{"path": str(tmp_path / "motd"), "content": "Hello\n", "owner": owner(), "group": owner()}]
    assert answer(Host(check_mode=True), files=files)["changed"] is True
    assert not (tmp_path / "motd").exists(), "a check"
    assert answer(Host(), files=files)["paths"] == [str(tmp_path / "motd")]
    assert (tmp_path / "motd").read_text() == "Hello\n"
    assert answer(Host(), files=files)["changed"] is False


def test_what_it_cannot_do_is_a_failure() -> None:
    result = answer(Host(), files=[{"path": "motd", "content": "Hello"}])
    assert result == {
        "failed": True,
        "msg": "path: found 'motd', expected one that begins with /, as in path: /etc/motd",
    }


def test_a_wrong_option_is_refused_before_the_host_is_asked() -> None:
    with pytest.raises(AnsibleActionFail, match=r"unknown options: filse\. Supported"):
        answer(Host(), filse=[])


def test_a_secret_is_masked(tmp_path: Path) -> None:
    """Even where the host answers with it."""
    files = [{"path": str(tmp_path / "hunter2-of-the-key"), "secret_content": "hunter2-of-the-key"}]
    result = answer(Host(check_mode=True), files=files)
    assert result["changed"] and "hunter2" not in json.dumps(result)


@pytest.mark.parametrize(("host", "wrapped"), [(Host(pipelining=False), False), (Host(async_val=60), True)])
def test_otherwise_a_module_does_it(host: Host, wrapped: bool) -> None:
    """Without pipelining, as with su, and where Ansible is to come back later."""
    asked: dict[str, Any] = {}
    actual: dict[str, Any] = {"changed": True, "paths": [], "units": [], "users": []}
    host._execute_module = lambda **options: (
        asked.update(options) or {**actual, "invocation": {}, "_ansible_parsed": True}
    )
    assert answer(host, files=[]) == actual
    assert asked["module_args"] == {"files": []}
    assert bool(asked["wrap_async"]) is wrapped


def test_what_they_say_of_themselves() -> None:
    for action, asynchronous in ((files_action.ActionModule, True), (logs_action.ActionModule, False)):
        assert action._supports_check_mode and action._supports_async is asynchronous
        assert "run" not in vars(action), "where Ansible itself checks that"


def test_output_is_split_into_lines_as_of_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Transport, "call", lambda *_arguments, **_secrets: {"failed": True, "stdout": "a\nb\n", "stderr": ""}
    )
    host = Host()
    host.host_task = act_exec
    actual = answer(host, name="shop", command="true", by="me")
    assert (actual["stdout_lines"], actual["stderr_lines"]) == (["a", "b"], [])


def owner() -> str:
    return Path(__file__).owner()


ATTACK = {
    "add_host": {"host_name": "web2", "host_vars": {"ansible_ssh_common_args": "-oProxyCommand=id"}},
    "ansible_facts": {"ansible_connection": "local"},
    "_ansible_delegated_vars": {"ansible_host": "192.0.2.1"},
}


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_host_says_nothing_that_ansible_obeys(monkeypatch: pytest.MonkeyPatch, pipelining: bool) -> None:
    actual: dict[str, Any] = {"changed": True, "paths": ["{{ lookup('pipe', 'id') }}"], "units": [], "users": []}
    host = Host(pipelining=pipelining)
    monkeypatch.setattr(Transport, "call", lambda *_arguments, **_secrets: {**actual, **ATTACK})
    host._execute_module = lambda **_given: {**actual, **ATTACK}
    result = answer(host, files=[])
    assert result == actual
    assert (
        str(Templar(DataLoader(), variables={"result": result}).template(trusted("{{ result.paths[0] }}")))
        == actual["paths"][0]
    )


@pytest.mark.parametrize("pipelining", [True, False])
def test_an_answer_of_another_type_is_a_failure(monkeypatch: pytest.MonkeyPatch, pipelining: bool) -> None:
    host = Host(pipelining=pipelining)
    monkeypatch.setattr(Transport, "call", lambda *_arguments, **_secrets: ["changed"])
    host._execute_module = lambda **_given: {"changed": "{{ 1 }}"}
    with pytest.raises(AnsibleActionFail, match="the host's answer: "):
        answer(host, files=[])


def test_a_module_that_crashed_says_so() -> None:
    host = Host(pipelining=False)
    host._execute_module = lambda **_given: {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "\x1b[2J"}
    assert answer(host, files=[]) == {"failed": True, "msg": "MODULE FAILURE", "module_stderr": r"\x1b[2J"}


def test_warnings_of_a_module_are_text() -> None:
    """They are objects since ansible-core 2.19, with what was said in them."""
    host = Host(pipelining=False)
    warning = SimpleNamespace(event=SimpleNamespace(msg="the clock is wrong\x1b"))
    actual: dict[str, Any] = {"changed": False, "paths": [], "units": [], "users": []}
    host._execute_module = lambda **_given: {**actual, "warnings": [warning, "as before"]}
    assert answer(host, files=[])["warnings"] == [r"the clock is wrong\x1b", "as before"]
