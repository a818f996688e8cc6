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

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils.debian import install, missing
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError


def main() -> None:
    module = AnsibleModule(
        argument_spec={"names": {"type": "list", "elements": "str", "required": True}},
        supports_check_mode=True,
    )
    names = missing(module.params["names"])
    try:
        if names and not module.check_mode:
            install(names)
    except DeployError as error:
        module.fail_json(msg=f"packages {', '.join(names)} could not be installed: {error}")
    module.exit_json(changed=bool(names), diff={"before": "", "after": "".join(f"{name}\n" for name in names)})


if __name__ == "__main__":
    main()
