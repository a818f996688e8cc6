#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.show: the text of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = """
module: show
short_description: Prints lines as they are, or writes them to a file of the controller
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - For readable text such as a table, which M(ansible.builtin.debug) would print as data.
options:
  lines:
    description: The lines.
    type: list
    elements: str
    required: true
  file:
    description:
      - A file on the controller to write the lines to, instead of printing them. The umask decides who may read a new
        file.
    type: str
attributes:
  check_mode:
    support: full
    description: Prints or writes in any mode.
  diff_mode:
    support: none
    description: Changes nothing on hosts.
"""

EXAMPLES = """
- name: Show the table
  asgi.deploy.show:
    lines: "{{ overview.lines }}"
  run_once: true
"""

RETURN = """#"""
