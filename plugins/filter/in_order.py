# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.in_order: a host's applications in the order in which they are put right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils import sharing


def in_order(apps: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sharing.in_order(apps)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"in_order": in_order}
