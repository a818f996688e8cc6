#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action asgi.deploy.wheelhouse, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = """
module: wheelhouse
short_description: Fills a folder with the wheels that an application needs on a host
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Runs on the controller, and fetches the wheels that the application, its server and its build need, for the Python
    and the platform of the host, of which it needs the facts C(distribution), C(platform) and C(python).
  - If the host obtains its certificate from a CA, fetches the wheels of certbot for the host's own Python, too.
  - Adds missing wheels. Several applications and kinds of host may share a folder; to start again, remove it.
attributes:
  check_mode:
    support: none
    description: Skipped, as only fetching shows what is needed.
  diff_mode:
    support: none
    description: Returns the names of new wheels.
options:
  app:
    description: The application, as in an entry of C(asgi_apps).
    type: dict
    required: true
"""

EXAMPLES = """
- name: Fetch the wheels of each application
  asgi.deploy.wheelhouse:
    app: "{{ item }}"
  loop: "{{ asgi_apps }}"
"""

RETURN = """
wheels:
  description: The names of the new wheels.
  type: list
  elements: str
  returned: success
"""
