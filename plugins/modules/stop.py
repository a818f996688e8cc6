#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.stop: stops an application until it is started again."""

from __future__ import annotations

DOCUMENTATION = """
module: stop
short_description: Stops an application, also across reboots, or starts it again
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - A stopped application takes no new requests, and answers those that it has, as when a release is replaced. Then its
    service, processes and timers stop, and only V(started) starts them. Running jobs finish.
  - Visitors get the page of nginx with status 503. An application without nginx refuses their connections.
  - A stopped application is not released, restarted, paused or rolled back. Commands of M(asgi.deploy.exec) run.
  - With V(started) the release that was live passes its gate before it gets requests.
  - The audit trail records the user.
options:
  state:
    description:
      - Whether to stop the application, which ends when nothing of it runs, or to start it, which ends when all workers
        answer the gate's request. An application that does not pass its gate stays stopped.
    type: str
    choices: [stopped, started]
    required: true
attributes:
  check_mode:
    support: full
    description: Reports whether anything would change.
  diff_mode:
    support: none
    description: Changes no file that users write.
extends_documentation_fragment: [asgi.deploy.run]
"""

EXAMPLES = """
- name: Stop the application until it is started
  asgi.deploy.stop:
    name: shop
    state: stopped
    by: ops
"""

RETURN = """
release:
  description: The release that is live, or would be.
  type: str
  returned: success
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import stop as act_stop
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_stop)


if __name__ == "__main__":
    main()
