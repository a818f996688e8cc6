"""The one exception that our code raises for what a user can mend, and how a run is told of it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any

Act = Callable[[Mapping[str, Any], bool], dict[str, Any]]


class DeployError(Exception):
    """What was found, what was expected, what to do; and, where a program told more, the end of its log."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.log = log

    def __str__(self) -> str:
        return f"{self.reason}\nThe end of its log:\n{self.log}" if self.log else self.reason


def answering(act: Act) -> Act:
    """What a run does on a host, with its errors as an answer that Ansible takes for a failure."""

    @functools.wraps(act)
    def answer(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
        os.umask(0o022)  # whatever root's own is: nginx and the application must get to what is made
        try:
            return act(options, check_mode)
        except (DeployError, OSError) as error:
            return {"failed": True, "msg": str(error)}

    return answer


def together(*answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to things that were done side by side as one, which has failed where any of them has."""
    whole = {key: value for answer in answers for key, value in answer.items()}
    whole["changed"] = any(answer.get("changed") for answer in answers)
    if failures := [answer["msg"] for answer in answers if answer.get("failed")]:
        whole["msg"] = "\n".join(failures)
    return whole
