#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action asgi.deploy.pack, which runs on the controller alone."""

from __future__ import annotations

DOCUMENTATION = """
module: pack
short_description: Packs on the controller what an application takes from there
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Runs on the controller, and asks the host nothing. What it packs has the same SHA-256 whenever and wherever the
    content is the same.
  - Relative paths are below the directory of the inventory that names the host.
attributes:
  check_mode:
    support: full
    description: Changes nothing in any mode.
  diff_mode:
    support: none
    description: Makes no change that could be shown.
options:
  archive:
    description: An archive, as in the option of the role P(asgi.deploy.app#role). One with a URL is left to the host.
    type: dict
  directory:
    description: A folder with an application. In a git work tree it is packed without what git ignores.
    type: str
  wheelhouse:
    description: A folder of wheels.
    type: str
"""

EXAMPLES = """
- name: Pack the application
  asgi.deploy.pack:
    directory: ../shop
  register: packed
"""

RETURN = """
archives:
  description: The files to ship, each with C(path) on the controller and C(sha256).
  type: list
  elements: dict
  returned: success
source:
  description: The C(sha256) of the application's own archive, if it is shipped.
  type: dict
  returned: success
wheelhouse:
  description: The SHA-256 of the wheels' archive.
  type: str
  returned: success
"""
