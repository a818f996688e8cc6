#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.check: the text of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = """
module: check
short_description: Refuses an inventory or a run that is wrong, before any host is touched
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Tells all that is wrong at once, in C(asgi_apps) and all that goes with it, in variables of the roles, and in what a
    run was given with C(-e); each with what was found, what was expected and how to write it.
options:
  apps:
    description:
      - The names of the host's applications, where these are enough. No other variable of the inventory is looked at
        then.
    type: list
    elements: str
  needs:
    description: Variables that this run cannot do without.
    type: list
    elements: str
    default: []
  wheelhouse:
    description: Whether folders of wheels must have been filled.
    type: bool
    default: true
  change:
    description:
      - What is asked for beside the inventory, of the application C(asgi_app) or of all; checked as if it were written
        there.
    type: dict
    default: {}
extends_documentation_fragment: [asgi.deploy.info]
"""

EXAMPLES = """
- name: Check the inventory
  asgi.deploy.check:
"""

RETURN = """#"""
