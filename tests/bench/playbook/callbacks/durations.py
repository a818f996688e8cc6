"""Callback durations: writes the seconds that each task took, as JSON, into the file that BENCH_DURATIONS names."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "durations"

    def __init__(self) -> None:
        super().__init__()
        self._began: list[tuple[str, float]] = []

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._began.append(("playbooks and inventory, read", time.time()))

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._began.append((task.get_name(), time.time()))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        ends = [*(at for _name, at in self._began[1:]), time.time()]
        took = [[name, round(end - at, 3)] for (name, at), end in zip(self._began, ends, strict=True)]
        Path(os.environ["BENCH_DURATIONS"]).write_text(json.dumps(took))
