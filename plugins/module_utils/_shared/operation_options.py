"""Shapes of the options of what is done with an application, other than a release: see release_options.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import RunOptions

if TYPE_CHECKING:
    pass


class RemovalOptions(RunOptions):
    """The options of a task that removes an application.

    Attributes:
        data: whether its data is removed as well.
    """

    data: bool


class CommandOptions(RunOptions):
    """The options of the task that runs a command.

    Attributes:
        command: as for a shell, but without its expansions.
        timeout: seconds after which the command is ended.
    """

    command: str
    timeout: int


class PauseOptions(RunOptions):
    """The options of the task that pauses or resumes an application.

    Attributes:
        state: what the application must be.
    """

    state: Literal["paused", "resumed"]


class StopOptions(RunOptions):
    """The options of the task that stops or starts an application.

    Attributes:
        state: what the application must be.
    """

    state: Literal["stopped", "started"]


class RollbackOptions(RunOptions):
    """The options of the task that rolls back.

    Attributes:
        to: the release; None for the last one that served well.
    """

    to: str | None
