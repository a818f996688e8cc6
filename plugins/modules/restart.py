#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.restart: restarts what serves, without losing a request."""

from __future__ import annotations

DOCUMENTATION = """
module: restart
short_description: Restarts an application without losing a request
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Restarts the live release's service and background processes. systemd keeps the listener, so that requests wait
    until the service has restarted, and are not refused. WebSockets are closed.
  - Ends when all workers have answered the gate's request again. The audit trail records the user.
attributes:
  check_mode:
    support: full
    description: Reports which release it would restart.
  diff_mode:
    support: none
    description: Changes no file.
extends_documentation_fragment: [asgi.deploy.run]
"""

EXAMPLES = """
- name: Restart the application
  asgi.deploy.restart:
    name: shop
    by: ops
"""

RETURN = """
release:
  description: The release that was restarted.
  type: str
  returned: success
seconds:
  description: Seconds until it answered again.
  type: float
  returned: changed
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import restart as act_restart
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_restart)


if __name__ == "__main__":
    main()
