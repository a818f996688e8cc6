# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.pack: what an application takes from the controller, found and packed there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.asgi.deploy.plugins.plugin_utils import packing
from ansible_collections.asgi.deploy.plugins.plugin_utils.controller import on_controller


class ActionModule(ActionBase):  # type: ignore[misc]
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        options = {"archive": {"type": "dict"}, "directory": {"type": "str"}, "wheelhouse": {"type": "str"}}
        _validation, given = self.validate_argument_spec(argument_spec=options)
        base = (task_vars or {}).get("inventory_dir")
        into = Path(constants.DEFAULT_LOCAL_TMP)  # Ansible's own of this run; it removes it in the end
        try:
            source = self._source(given, base, into)
            wheels = None
            if given["wheelhouse"]:
                wheels = packing.pack_wheels(on_controller(given["wheelhouse"], base), into)
        except (packing.PackingError, OSError) as error:
            raise AnsibleActionFail(str(error)) from error
        return {
            **super().run(tmp, task_vars),
            "changed": False,
            "source": {"sha256": source.sha256} if source else {},
            "wheelhouse": wheels.sha256 if wheels else None,
            "archives": [{"path": str(one.path), "sha256": one.sha256} for one in (source, wheels) if one],
        }

    def _source(self, given: dict[str, Any], base: str | None, into: Path) -> packing.Packed | None:
        if given["directory"]:
            return packing.pack_directory(on_controller(given["directory"], base), into)
        archive = given["archive"] or {}
        if archive.get("path"):
            return packing.given_archive(on_controller(archive["path"], base), archive.get("sha256"))
        return None
