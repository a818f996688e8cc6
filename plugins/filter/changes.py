# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.changes: what a run would change on a host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils.changes import changes
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


def changes_of(survey: Mapping[str, Any], host: str) -> list[str]:
    return changes(host, plain(survey))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"changes": changes_of}
