"""What is shown of libraries that still run although an upgrade has replaced them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import PurePosixPath

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import REPLACE_NGINX
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import ReplacedState, RestartTime

SHOWN = 3  # names of libraries


def texts(replaced: Mapping[str, ReplacedState], restart: RestartTime) -> list[str]:
    """Return a sentence for each application, and for nginx: since when, which, and when it is restarted.

    Args:
        replaced: what runs replaced libraries, by name.
        restart: when the host restarts it by itself.
    """
    return [f"{name}: {_text(name, state, restart)}" for name, state in replaced.items()]


def _text(name: str, state: ReplacedState, restart: RestartTime) -> str:
    since = ""
    if state["since"] is not None:
        since = f" since {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(state['since']))}"
    names = [PurePosixPath(path).name for path in state["files"]]
    more = [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return f"libraries replaced{since} ({', '.join([*names[:SHOWN], *more])}), {_when(name, restart)}"


def _when(name: str, restart: RestartTime) -> str:
    """Return when it is restarted; a restart at once that has not come is repeated at the time of day."""
    if restart["mode"] != "never":
        return f"restart at {restart['at']}"
    how = f"{REPLACE_NGINX} replace on the host" if name == "nginx" else "the playbook asgi.deploy.restart"
    return f"and nothing restarts it by itself; {how} does"
