#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.remove: takes an application off a host."""

from __future__ import annotations

DOCUMENTATION = """
module: remove
short_description: Takes an application off a host
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Stops its releases and removes them with their units, virtual environments and the mirror of their source.
  - Its site, user and certificate are the role's to remove, in the right order.
attributes:
  check_mode:
    support: full
    description: Tells whether there is something to remove.
  diff_mode:
    support: none
    description: Tells only that it would be removed.
options:
  data:
    description:
      - Whether to remove what the application itself has stored, in C(/var/lib/asgi/NAME) and
        C(/var/lib/asgi-storage/NAME).
    type: bool
    default: false
extends_documentation_fragment: [asgi.deploy.run]
"""

EXAMPLES = """
- name: Take the application off the host, and leave its data
  asgi.deploy.remove:
    name: shop
    by: ops
"""

RETURN = """#"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.removal import REMOVAL_OPTIONS, Removal


def main() -> None:
    module = AnsibleModule(argument_spec=REMOVAL_OPTIONS, supports_check_mode=True)
    removal = Removal(module.params)
    try:
        changed = removal.due()
        if changed and not module.check_mode:
            removal.remove()
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
