#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.venv: a virtual environment with exactly what its requirements say."""

from __future__ import annotations

DOCUMENTATION = """
module: venv
short_description: A virtual environment with exactly what its requirements say
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Builds it with uv, which is installed for it, or with pip. It is built anew when the requirements or the host's
    Python change.
attributes:
  check_mode:
    support: full
    description: Tells whether it would be built.
  diff_mode:
    support: none
    description: Tells only that it would be built.
options:
  path:
    description: Where it is.
    type: str
    required: true
  requirements:
    description: The text of its requirements, with hashes or without.
    type: str
    required: true
  wheelhouse:
    description: The SHA-256 of an archive of wheels that was shipped to the host; nothing but these is installed then.
    type: str
  installer:
    description: What builds it; V(auto) is uv where it can be installed and pip elsewhere.
    type: str
    choices: [auto, uv, pip]
    default: auto
"""

EXAMPLES = """
- name: Install certbot
  asgi.deploy.venv:
    path: /opt/asgi/certbot
    requirements: "{{ lookup('ansible.builtin.file', 'certbot.txt') }}"
"""

RETURN = """#"""

from ansible_collections.asgi.deploy.plugins.module_utils import act_venv
from ansible_collections.asgi.deploy.plugins.module_utils.arguments import run_act


def main() -> None:
    run_act(act_venv)


if __name__ == "__main__":
    main()
