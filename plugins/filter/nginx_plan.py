# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.nginx_plan: the web server's desired state from what the user wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.asgi.deploy.plugins.plugin_utils import webserver
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


def nginx_plan(
    options: Mapping[str, Any], facts: Mapping[str, Any], apps: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    try:
        return webserver.nginx_plan(plain(options), facts, plain(apps))
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"nginx_plan": nginx_plan}
