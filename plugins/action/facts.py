# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.facts: asks the host by one Python, or by the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.asgi.deploy.plugins.plugin_utils import remote


class ActionModule(ActionBase):  # type: ignore[misc]
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.validate_argument_spec(argument_spec={})
        if not self._is_pipelining_enabled("new"):
            return {**result, **self._execute_module("asgi.deploy.facts", {}, task_vars=task_vars)}
        return {**result, "changed": False, "ansible_facts": remote.call(self, task_vars or {}, "host", "facts")}
