#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.install: Debian packages, and virtual environments of programs, side by side."""

from __future__ import annotations

DOCUMENTATION = """
module: install
short_description: Installs Debian packages and virtual environments of programs, side by side
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Installs packages by apt-get alone. Unlike M(ansible.builtin.apt) it needs no python3-apt on the host, so that check
    mode works on a bare one, and the first run does not install it.
  - Builds virtual environments with uv, which is installed for it, or with pip where uv cannot be. One is built anew
    when its requirements or the host's Python change.
  - What builds them is installed before all other packages, so that they are built while these are.
attributes:
  check_mode:
    support: full
    description: Tells that it would install.
  diff_mode:
    support: full
    description: Shows the names of packages, and where the environments are.
options:
  packages:
    description: Debian packages; those that are there already stay as they are.
    type: list
    elements: str
    default: []
  later:
    description:
      - Groups of Debian packages that are needed later, in this order. When O(packages) are there, their installation
        is begun and left to C(asgi-install.service), a transient unit. M(asgi.deploy.release) waits for those that it
        needs, and this module and M(asgi.deploy.harden) wait until all has ended; where that has failed they install
        what they need themselves.
    type: list
    elements: list
    default: []
  venvs:
    description: Virtual environments, each with exactly what its requirements say.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where it is; begins with C(/).
        type: str
        required: true
      requirements:
        description: The text of its requirements, with hashes or without.
        type: str
        required: true
      wheelhouse:
        description: The SHA-256 of an archive of wheels that was shipped to the host; only these are installed then.
        type: str
"""

EXAMPLES = """
- name: Install certbot beside a web server
  asgi.deploy.install:
    packages: [nginx, python3-venv]
    venvs:
      - path: /opt/certbot
        requirements: "{{ lookup('ansible.builtin.file', 'certbot.txt') }}"
"""

RETURN = """#"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import install as act_install
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    run_act(act_install)


if __name__ == "__main__":
    main()
