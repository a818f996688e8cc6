# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup asgi.deploy.desired_state: the desired state of a role, as its tasks take it."""

from __future__ import annotations

DOCUMENTATION = """
name: desired_state
short_description: The desired state of a role on a host, as its tasks take it
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Renders files, units and releases from the plan that M(asgi.deploy.survey) returned, as the survey did to inspect
    the host, so that a run need not keep them.
options:
  _terms:
    description:
      - The name of the role, and its plan.
    required: true
    type: list
    elements: raw
"""

EXAMPLES = """
# vars/main.yml of the role nginx
_nginx_desired: "{{ lookup('asgi.deploy.desired_state', 'nginx', survey.roles.nginx.decided) }}"
"""

RETURN = """
_raw:
  description: A dictionary with keys that depend on the role; see C(plugins/plugin_utils/_ROLE/files.py).
  type: list
  elements: dict
"""

from typing import Any, cast

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_context import AnsibleHostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.desired import desired_state


class LookupModule(LookupBase):  # type: ignore[misc]
    """Make the desired state of a role from its plan."""

    def run(self, terms: list[Json], variables: dict[str, Any] | None = None, **kwargs: Json) -> list[dict[str, Json]]:
        """Return the desired state, as the only element.

        Raises:
            AnsibleLookupError: a file on the controller cannot be read, or is not UTF-8.
        """
        role, plan = terms
        here = AnsibleHostContext(self._loader, self._templar, variables or {})
        try:
            return [desired_state(str(role), plain(cast("dict[str, Json]", plan)), here)]
        except ValueError as error:
            raise AnsibleLookupError(str(error)) from error
