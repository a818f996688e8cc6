# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.inventory_errors: all that is wrong in a host's variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible import constants
from ansible.release import __version__
from ansible_collections.asgi.deploy.plugins.plugin_utils import plan
from ansible_collections.asgi.deploy.plugins.plugin_utils.runs import OUR_PREFIXES
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain

TEXT_ONLY = (
    "jinja2_native: ansible-core 2.18 makes text of values as long as it is false; write jinja2_native = true under "
    "[defaults] in ansible.cfg, or export ANSIBLE_JINJA2_NATIVE=true"
)


def inventory_errors(
    variables: Mapping[str, Any],
    contents: Mapping[str, Any] | None = None,
    wheelhouse: bool = True,
    apps: Sequence[Any] | None = None,
) -> list[str]:
    if __version__.startswith("2.18.") and not constants.DEFAULT_JINJA2_NATIVE:
        return [TEXT_ONLY]  # the rest would be told of values that nobody wrote
    ours = {key: plain(variables[key]) for key in variables if str(key).startswith(OUR_PREFIXES)}
    ours |= {} if apps is None else {"asgi_apps": plain(apps)}
    return plan.inventory_errors(ours, plain(contents or {}), variables.get("inventory_dir"), wheelhouse)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"inventory_errors": inventory_errors}
