"""A version of an application, put live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils.deployment import switch_diff
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError, answering
from ansible_collections.asgi.deploy.plugins.module_utils.orders import RELEASE_OPTIONS, Order
from ansible_collections.asgi.deploy.plugins.module_utils.secrets import masked

OPTIONS = RELEASE_OPTIONS
UNLOGGED = ("wanted",)


@answering
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.release)."""
    wanted = options["wanted"]
    try:
        order = Order.of(options)
        result = order.predict() if check_mode else order.release()
    except (DeployError, OSError) as error:
        raise DeployError(masked(str(error), wanted["secrets"].values())) from error
    diff = switch_diff(options["name"], result["before"], result["release"] or wanted["version"])
    return {**result, "diff": diff}
