# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.wheelhouse: fills an application's wheelhouse on the controller."""

from __future__ import annotations

from typing import Any, TypedDict

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.wheelhouse import CollectionProgram, Target, fill
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.options import (
    asks_the_ca,
    certbot_locks,
    provider_of,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import checked_facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import read_all
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.terminal_text import harmless

_OPTIONS: OptionSpecs = {"app": {"type": "dict", "required": True}}


class Options(TypedDict):
    """The options of M(asgi.deploy.wheelhouse)."""

    app: dict[str, Json]  # an entry of asgi_apps


class ActionModule(ActionBase):  # type: ignore[misc]
    """Fill the wheelhouse of an application."""

    _requires_connection = False
    _supports_check_mode = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Json]:
        """Return the wheels that were added.

        Raises:
            AnsibleActionFail: an option is wrong, or a wheel cannot be built.
        """
        _validation, arguments = self.validate_argument_spec(argument_spec=_OPTIONS)
        chosen: Options = plain(arguments)
        variables = task_vars or {}
        app, base = chosen["app"], variables.get("inventory_dir")
        keys = ("certificate_source", "certificate_dns_plugin")
        options = {key: plain(self._templar.template(variables[key])) for key in keys if key in variables}
        try:
            facts = checked_facts(plain(variables.get("ansible_facts", {})))
            if "asgi_like" in variables:
                facts["like"] = plain(self._templar.template(variables["asgi_like"]))
            plan = app_plan(app, facts, read_all(self._loader, app, base))
            locks = certbot_locks(provider_of(options)) if asks_the_ca(app, options) else []
            program = CollectionProgram(locks, Target.of("system", facts)) if locks else None
            wheels = fill(plan, Target.of(plan["python"], facts), base, program)
        except (DeployError, ValueError, OSError) as error:
            raise AnsibleActionFail(harmless(str(error))) from error
        return {**super().run(tmp, task_vars), "changed": bool(wheels), "wheels": wheels}
