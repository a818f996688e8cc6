#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.status: how all applications of a host are, in one round trip."""

from __future__ import annotations

DOCUMENTATION = """
module: status
short_description: How the applications of a host are, in one round trip
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Looks; changes nothing. The playbook C(asgi.deploy.status) shows what it returns as a table.
options:
  names:
    description: The applications' names; by default all that have something on the host.
    type: list
    elements: str
    default: []
  deploys:
    description: How many of the last lines of each audit trail to return.
    type: int
    default: 5
extends_documentation_fragment: [asgi.deploy.info]
"""

EXAMPLES = """
- name: How is everything?
  asgi.deploy.status:
  register: host_status
"""

RETURN = """
applications:
  description:
    - Each application by its name, with what M(asgi.deploy.release_info) returns of the live release, and its
      C(version), C(commit), C(since) when it serves, whether there is C(maintenance) and whether it is C(paused),
      the releases that are C(draining), and the last C(deploys). Times are seconds of the epoch.
  type: dict
  returned: success
certificates:
  description: The entries of C(/var/lib/asgi-deploy/certificates.json), by name.
  type: dict
  returned: success
host:
  description:
    - The host's time C(now), and bytes of its C(memory_available), C(memory_total), C(disk_free) and C(disk_total), the
      last two where releases are.
  type: dict
  returned: success
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import status as act_status
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    run_act(act_status)


if __name__ == "__main__":
    main()
