# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.hardening_plan: a host's hardening from what the user wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.asgi.deploy.plugins.plugin_utils import hardening, plan
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


def hardening_plan(
    options: Mapping[str, Any], facts: Mapping[str, Any], apps: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    known = plain(list(apps))
    try:
        return hardening.hardening_plan(plain(options), facts, plan.public_ports(known), plan.behind_nginx(known))
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"hardening_plan": hardening_plan}
