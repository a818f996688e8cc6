"""What is shown does nothing to a terminal, and what is written is for whom the umask says."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.display import Display
from ansible_collections.asgi.deploy.plugins.action.show import ActionModule


def shown(**args: object) -> bool:
    task = SimpleNamespace(args=args, check_mode=True, diff=False, async_val=0, delegate_to=None, no_log=False)
    loader = DataLoader()
    action = ActionModule(task, MagicMock(), MagicMock(), loader, Templar(loader, variables={}), None)
    return bool(action.run(task_vars={})["changed"])


def test_lines_are_printed_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[str] = []
    monkeypatch.setattr(Display, "display", lambda _self, text, **_more: printed.append(text))
    assert shown(lines=["one\x1b[2J", "two"]) is False
    assert printed == ["one\\x1b[2J\ntwo"]


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o027, 0o640)])
def test_a_file_is_for_whom_the_umask_says(tmp_path: Path, umask: int, mode: int) -> None:
    file = tmp_path / "status.json"
    before = os.umask(umask)
    try:
        assert shown(lines=["{}"], file=str(file)) is True
        assert shown(lines=["{}"], file=str(file)) is False
    finally:
        os.umask(before)
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("{}\n", mode)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnsibleActionFail, match=r"status\.json cannot be written: No such file or directory"):
        shown(lines=["{}"], file=str(tmp_path / "gone" / "status.json"))
