# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.inventory_errors: all that is wrong in a host's variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils import plan
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


def inventory_errors(
    variables: Mapping[str, Any],
    contents: Mapping[str, Any] | None = None,
    wheelhouse: bool = True,
    apps: Sequence[Any] | None = None,
) -> list[str]:
    ours = {key: plain(variables[key]) for key in variables if str(key).startswith(plan.OUR_PREFIXES)}
    ours |= {} if apps is None else {"asgi_apps": plain(apps)}
    return plan.inventory_errors(ours, plain(contents or {}), variables.get("inventory_dir"), wheelhouse)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"inventory_errors": inventory_errors}
