"""The port of visitors, when it moves from nginx to a release that goes live, or back to nginx."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Check = Callable[[], None]


class PortMove(NamedTuple):
    """How the port moves.

    Attributes:
        before_switch: whether it moves before the switch. A release that gets the port restarts its service with it;
            before nginx gets the port, the release must be live.
        move: moves it, and calls a check at the end, which raises DeployError if nothing serves.
    """

    before_switch: bool
    move: Callable[[Check], None]


def no_check() -> None:
    """Accept everything."""
