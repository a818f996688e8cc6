"""Records that units logged and that their journal did not keep: more than LogRateLimitBurst= of them allows."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import start_reading
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

SECONDS = 86_400  # that are looked back
_DROPPED = "a596d6fe7bfa4994828e72309e95d61e"  # the id of journald's message about it, in systemd's catalog
_MESSAGE = re.compile(r"Suppressed (\d{1,12}) messages from (\S+)")


def count_lost(layout: Layout, seconds: int = SECONDS) -> int:
    """Return how many records of an application its journal did not keep in the last seconds.

    Journald counts them, and writes their number with the next record of the unit after that.
    """
    argv = ["journalctl", "--no-pager", "--quiet", "--output=json", "--output-fields=MESSAGE", "--lines=1000"]
    argv += [f"--namespace=+{layout.journal}", f"--since=@{time.time() - seconds:.3f}"]
    # Of journald itself: others can write the same, and not as this transport.
    with start_reading([*argv, "_TRANSPORT=driver", f"MESSAGE_ID={_DROPPED}"]) as lines:
        return sum_lost(layout, journal.parse_records(lines))


def sum_lost(layout: Layout, entries: Iterable[Mapping[str, Json]]) -> int:
    """Return the sum of what journald writes about units of an application."""
    unit = re.compile(rf"asgi-{re.escape(layout.app)}(\.[^@]+)?@.+")
    found = filter(None, (_MESSAGE.match(journal.message(entry)) for entry in entries))
    return sum(int(match[1]) for match in found if unit.fullmatch(match[2]))
