"""The port of visitors, where it goes from nginx to a release or the other way as that goes live."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Check = Callable[[], None]


class PortMove(NamedTuple):
    """What moves it.

    Attributes:
        before_switch: whether that comes before the switch, as where the release gets the port: its service starts
            again with it. Where nginx gets it, the release must be live already.
        move: does it, and ends with a check, which raises DeployError where nothing serves.
    """

    before_switch: bool
    move: Callable[[Check], None]


def no_check() -> None:
    """Pass."""
