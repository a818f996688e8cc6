# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.pack: what an application takes from the controller, found and packed there."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.asgi.deploy.plugins.plugin_utils import packing


class ActionModule(ActionBase):  # type: ignore[misc]
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        options = {"archive": {"type": "dict"}, "directory": {"type": "str"}, "wheelhouse": {"type": "str"}}
        _validation, given = self.validate_argument_spec(argument_spec=options)
        try:
            packed = packing.packed(given, (task_vars or {}).get("inventory_dir"))
        except (packing.PackingError, OSError) as error:
            raise AnsibleActionFail(str(error)) from error
        return {**super().run(tmp, task_vars), "changed": False, **packed}
