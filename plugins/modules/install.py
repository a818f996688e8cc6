#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.install: Debian packages, and virtual environments of programs, in parallel."""

from __future__ import annotations

DOCUMENTATION = """
module: install
short_description: Installs Debian packages and virtual environments of programs, in parallel
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Installs packages with apt-get. Unlike M(ansible.builtin.apt) it needs no python3-apt on the host, so check mode
    works on a bare host.
  - Builds virtual environments with uv, which it installs, or with pip if uv cannot be installed. An environment is
    built again when its requirements or the host's Python change.
  - Installs the packages that build environments first, and builds while it installs the others.
attributes:
  check_mode:
    support: full
    description: Reports whether it would install anything.
  diff_mode:
    support: full
    description: Shows the names of packages, and the paths of environments.
options:
  packages:
    description: Debian packages; installed ones are not upgraded.
    type: list
    elements: str
    default: []
  later:
    description:
      - Groups of Debian packages that are needed later, in this order. After O(packages) are installed, the transient
        unit C(asgi-install.service) installs these in the background. M(asgi.deploy.release) waits for packages that it
        needs, and this module and M(asgi.deploy.harden) wait for the end of the unit. If it fails, they install what
        they need.
    type: list
    elements: list
    default: []
  venvs:
    description: Virtual environments, each with exactly its requirements.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Its absolute path.
        type: str
        required: true
      requirements:
        description: The text of its requirements, with hashes or without.
        type: str
        required: true
      wheelhouse:
        description: The SHA-256 of an archive of wheels on the host; then only these wheels are installed.
        type: str
"""

EXAMPLES = """
- name: Install certbot and a web server
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
    """Run the module."""
    run_act(act_install)


if __name__ == "__main__":
    main()
