# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup asgi.deploy.controller_file: the text of a file on the controller."""

from __future__ import annotations

DOCUMENTATION = """
name: controller_file
short_description: The text of a file on the controller
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Reads it as it is, and decrypts it where Ansible Vault encrypted it.
  - A relative path counts from the inventory's folder, and C(~) stands for your home.
options:
  _terms:
    description: Paths.
    required: true
    type: list
    elements: str
"""

EXAMPLES = """
content: "{{ lookup('asgi.deploy.controller_file', app_plan.tls.certificate) }}"
"""

RETURN = """
_raw:
  description: The text of each.
  type: list
  elements: str
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.asgi.deploy.plugins.plugin_utils.controller import read


class LookupModule(LookupBase):  # type: ignore[misc]
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        base = (variables or {}).get("inventory_dir")
        try:
            return [read(self._loader, str(path), base).decode() for path in terms]
        except ValueError as error:  # not UTF-8 included
            raise AnsibleLookupError(str(error)) from error
