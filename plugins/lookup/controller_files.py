# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup asgi.deploy.controller_files: the files on the controller that applications name."""

from __future__ import annotations

DOCUMENTATION = """
name: controller_files
short_description: The files on the controller that applications name
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Reads what C(env_file), C(files) and C(tls) of applications name, and decrypts what Ansible Vault encrypted.
  - A relative path counts from the inventory's folder.
options:
  _terms:
    description: Applications, as in entries of C(asgi_apps); what is none is passed over.
    required: true
    type: list
    elements: raw
"""

EXAMPLES = """
app_plan: "{{ app_spec | asgi.deploy.plan(ansible_facts, lookup('asgi.deploy.controller_files', app_spec)) }}"
"""

RETURN = """
_raw:
  description: For each path as it is written, the C(content) in Base64, or the C(error) that says why there is none.
  type: list
  elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.asgi.deploy.plugins.plugin_utils.controller import contents
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


class LookupModule(LookupBase):  # type: ignore[misc]
    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        found: dict[str, Any] = {}
        for app in plain(self._flatten(terms)):
            if isinstance(app, Mapping):
                found.update(contents(self._loader, app, (variables or {}).get("inventory_dir")))
        return [found]
