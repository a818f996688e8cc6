#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.pause: holds what comes, or lets it go on."""

from __future__ import annotations

DOCUMENTATION = """
module: pause
short_description: Holds what comes for an application, or lets it go on
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Ends the live release's service, processes and timers, when they have done what they have in hand. systemd keeps the
    listener, so that requests wait there and are not refused, each for as long as nginx waits for an answer, and as
    many as the listener's backlog holds. WebSockets are closed. Jobs that run end in peace.
  - Nothing is released, restarted or taken back meanwhile. After a reboot nothing is paused any more.
  - The audit trail tells who did it.
options:
  state:
    description: Whether to hold what comes, or to go on, which ends when all workers answer the gate's question again.
    type: str
    choices: [paused, resumed]
    required: true
attributes:
  check_mode:
    support: full
    description: Tells whether something would change.
  diff_mode:
    support: none
    description: Changes no file that stays.
extends_documentation_fragment: [asgi.deploy.run]
"""

EXAMPLES = """
- name: Hold all requests while the database moves
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
    run_act(act_pause)


if __name__ == "__main__":
    main()
