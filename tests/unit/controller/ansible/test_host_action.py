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
from ansible_collections.asgi.deploy.plugins.action import files as files_action
from ansible_collections.asgi.deploy.plugins.action import logs as logs_action
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import files as act_files
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible import bare_python as remote
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_action import Act

from tests import ROOT
from tests.unit.controller.ansible.local_action import Action

PLUGINS = ROOT / "plugins"
ACTS = sorted(path.stem for path in PLUGINS.glob("module_utils/_host/tasks/*.py") if path.stem != "results")
HERE = {"ansible_python_interpreter": sys.executable}


class Host(Action):
    """What an action knows of its task and host, which is this machine."""

    _execute_module: Any

    def __init__(self, pipelining: bool = True, check_mode: bool = False, async_val: int = 0) -> None:
        super().__init__()
        self.act = act_files
        self._task = SimpleNamespace(check_mode=check_mode, async_val=async_val, delegate_to=None)
        self._connection = SimpleNamespace(has_native_async=False)
        self._pipelining = pipelining

    def _is_pipelining_enabled(self, _style: str) -> bool:
        return self._pipelining


def answer(host: Host, **options: Any) -> dict[str, Any]:
    return Act.answer(host, options, HERE)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ACTS)
def test_each_has_an_action_and_a_module(name: str) -> None:
    act = importlib.import_module(f"ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.{name}")
    action = importlib.import_module(f"ansible_collections.asgi.deploy.plugins.action.{name}")
    assert issubclass(action.ActionModule, Act)
    assert action.ActionModule.act is act
    assert f"run_act(act_{name})" in (PLUGINS / "modules" / f"{name}.py").read_text()


def test_it_is_done_and_told(tmp_path: Path) -> None:
    wanted = [{"path": str(tmp_path / "motd"), "content": "Hello\n", "owner": owner(), "group": owner()}]
    assert answer(Host(check_mode=True), files=wanted)["changed"] is True
    assert not (tmp_path / "motd").exists(), "a check"
    assert answer(Host(), files=wanted)["paths"] == [str(tmp_path / "motd")]
    assert (tmp_path / "motd").read_text() == "Hello\n"
    assert answer(Host(), files=wanted)["changed"] is False


def test_what_it_cannot_do_is_a_failure() -> None:
    told = answer(Host(), files=[{"path": "motd", "content": "Hello"}])
    assert told == {
        "failed": True,
        "msg": "path: found 'motd', expected one that begins with /, as in path: /etc/motd",
    }


def test_a_wrong_option_is_told_before_the_host_is_asked() -> None:
    with pytest.raises(AnsibleActionFail, match=r"unknown options: filse\. Supported"):
        answer(Host(), filse=[])


def test_a_secret_is_masked(tmp_path: Path) -> None:
    """Even where the host tells it."""
    wanted = [{"path": str(tmp_path / "hunter2-of-the-key"), "secret_content": "hunter2-of-the-key"}]
    told = answer(Host(check_mode=True), files=wanted)
    assert told["changed"] and "hunter2" not in json.dumps(told)


@pytest.mark.parametrize(("host", "wrapped"), [(Host(pipelining=False), False), (Host(async_val=60), True)])
def test_otherwise_a_module_does_it(host: Host, wrapped: bool) -> None:
    """Without pipelining, as with su, and where Ansible shall come back later."""
    asked: dict[str, Any] = {}
    host._execute_module = lambda **given: asked.update(given) or {"changed": True}
    assert answer(host, files=[]) == {"changed": True}
    assert asked["module_args"] == {"files": []}
    assert bool(asked["wrap_async"]) is wrapped


def test_what_they_say_of_themselves() -> None:
    for action, asynchronous in ((files_action.ActionModule, True), (logs_action.ActionModule, False)):
        assert action._supports_check_mode and action._supports_async is asynchronous
        assert "run" not in vars(action), "where Ansible itself looks at that"


def test_output_is_told_by_lines_as_of_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "call", lambda *_arguments: {"changed": True, "stdout": "a\nb\n"})
    assert answer(Host(), files=[])["stdout_lines"] == ["a", "b"]


def owner() -> str:
    return Path(__file__).owner()
