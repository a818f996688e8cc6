# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup asgi.deploy.release_files: the contents of files that are added to a release."""

from __future__ import annotations

DOCUMENTATION = """
name: release_files
short_description: The contents of files that are added to a release
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Gives what is written as C(content), reads C(src) from the controller, and renders C(template) with the host's
    variables.
options:
  _terms:
    description: The option C(files) of an application.
    required: true
    type: list
    elements: dict
"""

EXAMPLES = """
files: "{{ lookup('asgi.deploy.release_files', app_plan.files) }}"
"""

RETURN = """
_raw:
  description: For each path in the release's tree the content in Base64.
  type: list
  elements: dict
"""

import base64
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase
from ansible_collections.asgi.deploy.plugins.plugin_utils.controller import on_controller, read
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


class LookupModule(LookupBase):  # type: ignore[misc]
    def run(
        self, terms: list[Mapping[str, Any]], variables: dict[str, Any] | None = None, **kwargs: Any
    ) -> list[dict[str, str]]:
        known = variables or {}
        return [
            {path: base64.b64encode(self._content(entry, known)).decode() for path, entry in plain(files).items()}
            for files in terms
        ]

    def _content(self, entry: Mapping[str, str], variables: dict[str, Any]) -> bytes:
        base = variables.get("inventory_dir")
        if "content" in entry:
            return entry["content"].encode()
        if "template" in entry:
            template = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)
            rendered: str = template.run([str(on_controller(entry["template"], base))], variables)[0]
            return rendered.encode()
        try:
            return read(self._loader, entry["src"], base)
        except ValueError as error:
            raise AnsibleLookupError(str(error)) from error
