# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup asgi.deploy.rendered: the text of a role's template."""

from __future__ import annotations

DOCUMENTATION = """
name: rendered
short_description: The text of a role's template
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Renders as P(ansible.builtin.template#lookup) does, without a copy of all variables for each template, which takes
    longer than rendering.
options:
  _terms:
    description: Names of templates of the role.
    required: true
    type: list
    elements: str
notes:
  - Whatever is given by name is a variable in the template.
"""

EXAMPLES = """
content: "{{ lookup('asgi.deploy.rendered', 'nginx.conf.j2') }}"
"""

RETURN = """
_raw:
  description: The text of each.
  type: list
  elements: str
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.asgi.deploy.plugins.plugin_utils.rendering import render


class LookupModule(LookupBase):  # type: ignore[misc]
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        known = {**(variables or {}), **kwargs}
        paths = [self.find_file_in_search_path(known, "templates", term) for term in terms]
        return [render(self._loader, path, known) for path in paths]
