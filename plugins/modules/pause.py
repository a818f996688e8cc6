#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.pause: holds the requests of an application, or resumes it."""

from __future__ import annotations

DOCUMENTATION = """
module: pause
short_description: Holds the requests of an application, or resumes it
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Stops the live release's service, processes and timers after they have finished their current work. systemd keeps
    the listener, so that requests wait there and are not refused, each as long as nginx waits for an answer, and as
    many as the listener's backlog holds. WebSockets are closed. Running jobs finish.
  - A paused application is not released, restarted or rolled back. A reboot ends the pause.
  - The audit trail records the user.
options:
  state:
    description: Whether to hold requests, or to resume, which ends when all workers answer the gate's request again.
    type: str
    choices: [paused, resumed]
    required: true
attributes:
  check_mode:
    support: full
    description: Reports whether anything would change.
  diff_mode:
    support: none
    description: Changes no lasting file.
extends_documentation_fragment: [asgi.deploy.run]
"""

EXAMPLES = """
- name: Hold all requests while the database is moved
  asgi.deploy.pause:
    name: shop
    state: paused
    by: ops
"""

RETURN = """
release:
  description: The release that is live.
  type: str
  returned: success
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import pause as act_pause
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_pause)


if __name__ == "__main__":
    main()
