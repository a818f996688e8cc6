#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.remove: takes an application off a host."""

from __future__ import annotations

DOCUMENTATION = """
module: remove
short_description: Removes an application from a host
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Stops its releases and removes them with their units, virtual environments and the mirror of their source.
  - Removes the application's own journal, with all its records.
  - The role removes its site, user and certificate, in the right order.
attributes:
  check_mode:
    support: full
    description: Reports whether there is anything to remove.
  diff_mode:
    support: none
    description: Reports only whether it would be removed.
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
- name: Remove the application, and keep its data
  asgi.deploy.remove:
    name: shop
    by: ops
"""

RETURN = """#"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import remove as act_remove
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_remove)


if __name__ == "__main__":
    main()
