#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.check: the documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = """
module: check
short_description: Refuses wrong inventories and extra variables before any host is touched
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Reports all errors at once, in C(asgi_apps) and the files that it names, in variables of the roles, and in extra
    variables that the user gave with C(-e). Each message says what was found, what was expected and how to write it.
options:
  apps:
    description:
      - The names of the host's applications, for a run that needs no more of them. Then no other variable of the
        inventory is read.
    type: list
    elements: str
  needs:
    description: Extra variables that this run requires.
    type: list
    elements: str
    default: []
  wheelhouse:
    description: Whether folders of wheels must be filled already.
    type: bool
    default: true
  change:
    description:
      - Options that this run changes, of the application C(asgi_app) or of all; checked as if they were in the
        inventory.
    type: dict
    default: {}
extends_documentation_fragment: [asgi.deploy.info]
"""

EXAMPLES = """
- name: Check the inventory
  asgi.deploy.check:
"""

RETURN = """#"""
