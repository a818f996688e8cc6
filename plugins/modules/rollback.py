#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.rollback: goes back to a release that served well."""

from __future__ import annotations

DOCUMENTATION = """
module: rollback
short_description: Rolls back to a release that served well and is still on the host
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Starts that release, waits until it passes its gate, and switches to it, without losing a request, as to a new one.
    Builds nothing.
  - Never switches to a release that is incomplete, that never served, or that failed when it last served.
attributes:
  check_mode:
    support: full
    description: Reports which release it would roll back to.
  diff_mode:
    support: full
    description: Shows the release that serves and the one that would.
options:
  to:
    description: The release to roll back to; by default the one that served before the live one.
    type: str
extends_documentation_fragment: [asgi.deploy.run]
"""

EXAMPLES = """
- name: Roll back
  asgi.deploy.rollback:
    name: shop
    by: ops
"""

RETURN = """
release:
  description: The release that serves, or in check mode would.
  type: str
  returned: success
before:
  description: The release that served before.
  type: str
  returned: success, null if none did
steps:
  description: Seconds that each step took, by its name.
  type: dict
  returned: success
  contains:
    NAME:
      description: Seconds.
      type: float
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import rollback as act_rollback
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_rollback)


if __name__ == "__main__":
    main()
