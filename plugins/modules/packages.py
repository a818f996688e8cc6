#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.packages: Debian packages, by apt-get alone."""

from __future__ import annotations

DOCUMENTATION = """
module: packages
short_description: Installs Debian packages, by apt-get alone
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Unlike M(ansible.builtin.apt) it needs no python3-apt on the host, so that check mode works on a bare one, and the
    first run does not install it.
attributes:
  check_mode:
    support: full
    description: Tells that it would install.
  diff_mode:
    support: full
    description: Shows the names.
options:
  names:
    description: The packages; those that are there already stay as they are.
    type: list
    elements: str
    required: true
"""

EXAMPLES = """
- name: Install what is missing
  asgi.deploy.packages:
    names: "{{ survey.missing_packages }}"
  when: survey.missing_packages | length > 0
"""

RETURN = """#"""

from ansible_collections.asgi.deploy.plugins.module_utils import act_packages
from ansible_collections.asgi.deploy.plugins.module_utils.arguments import run_act


def main() -> None:
    run_act(act_packages)


if __name__ == "__main__":
    main()
