# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup asgi.deploy.options: a role's options from its argument spec."""

from __future__ import annotations

DOCUMENTATION = """
name: options
short_description: A role's options, validated and filled with the defaults of its argument spec
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Makes C(meta/argument_specs.yml) the only place where a role's defaults are written.
options:
  _terms:
    description: Names of roles of this collection.
    required: true
    type: list
    elements: str
"""

EXAMPLES = """
# vars/main.yml of the role nginx
nginx: "{{ lookup('asgi.deploy.options', 'nginx') }}"
"""

RETURN = """
_raw:
  description: For each role a dictionary of its options, named without the role's prefix.
  type: list
  elements: dict
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.asgi.deploy.plugins.plugin_utils.rules import rule_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain, resolve, role_options


class LookupModule(LookupBase):  # type: ignore[misc]
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        return [self._resolved(str(role), variables or {}) for role in terms]

    def _resolved(self, role: str, variables: dict[str, Any]) -> dict[str, Any]:
        options = role_options(role)
        given = {name: plain(self._templar.template(variables[name])) for name in options if name in variables}
        resolved, errors = resolve(options, given)
        if errors := errors + rule_errors(role, resolved):
            raise AnsibleLookupError("\n".join(errors))
        return {name.removeprefix(f"{role}_"): value for name, value in resolved.items()}
