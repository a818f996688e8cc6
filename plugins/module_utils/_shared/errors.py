"""The one exception that the collection raises for what a user can repair."""

from __future__ import annotations


class DeployError(Exception):
    """An error: what was found, what was expected, and what to do.

    Attributes:
        reason: as a message.
        log: the end of a program's log, if it has more to say.
    """

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.log = log

    def __str__(self) -> str:
        return f"{self.reason}\nThe end of its log:\n{self.log}" if self.log else self.reason
