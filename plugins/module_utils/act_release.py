"""A version of an application, put live, and its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils import act_certificate
from ansible_collections.asgi.deploy.plugins.module_utils.deployment import switch_diff
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError, answering, together
from ansible_collections.asgi.deploy.plugins.module_utils.orders import RELEASE_OPTIONS, Order
from ansible_collections.asgi.deploy.plugins.module_utils.secrets import masked

OPTIONS: dict[str, Any] = {**RELEASE_OPTIONS, "certificate": {"type": "str"}}
UNLOGGED = ("wanted",)


def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.release). Most of the time of a certificate is waiting for its CA."""
    if options["certificate"] is None:
        return _release(options, check_mode)
    with ThreadPoolExecutor(1) as pool:
        certificate = pool.submit(act_certificate.act, {"name": options["certificate"]}, check_mode)
        released = _release(options, check_mode)
    return together(released, certificate.result())


@answering
def _release(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    wanted = options["wanted"]
    try:
        order = Order.of(options)
        result = order.predict() if check_mode else order.release()
    except (DeployError, OSError) as error:
        raise DeployError(masked(str(error), wanted["secrets"].values())) from error
    diff = switch_diff(options["name"], result["before"], result["release"] or wanted["version"])
    return {**result, "diff": diff}
