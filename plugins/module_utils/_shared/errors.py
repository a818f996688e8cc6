"""The one exception that our code raises for what a user can mend."""

from __future__ import annotations


class DeployError(Exception):
    """What was found, what was expected, what to do; and, where a program told more, the end of its log."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.log = log

    def __str__(self) -> str:
        return f"{self.reason}\nThe end of its log:\n{self.log}" if self.log else self.reason
