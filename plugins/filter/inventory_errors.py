"""Filter asgi.deploy.inventory_errors: all that is wrong in a host's variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils import plan
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


def inventory_errors(variables: Mapping[str, Any]) -> list[str]:
    ours = {key: plain(variables[key]) for key in variables if str(key).startswith(plan.OUR_PREFIXES)}
    return plan.inventory_errors(ours)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"inventory_errors": inventory_errors}
