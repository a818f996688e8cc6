# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.plan: an application's desired state from what the user wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.asgi.deploy.plugins.plugin_utils.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


def plan(
    spec: Mapping[str, Any],
    facts: Mapping[str, Any],
    contents: Mapping[str, Any] | None = None,
    apps: Sequence[Any] = (),
) -> dict[str, Any]:
    try:
        return app_plan(plain(spec), facts, plain(contents or {}), plain(apps))
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"plan": plan}
