#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.stop: stops an application until it is started again."""

from __future__ import annotations

DOCUMENTATION = """
module: stop
short_description: Stops an application, over reboots, or starts it again
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Stopped, it takes no new requests, and those that it has get their answers, as when a release is replaced. Then its
    service, processes and timers end, and nothing starts them but V(started). Jobs that run end in peace.
  - Visitors get the page of nginx with status 503. An application without nginx refuses their connections.
  - It is not released, restarted, paused or taken back as long as it is stopped. Commands of M(asgi.deploy.exec) run.
  - Started, the release that was live passes its gate before visitors come to it.
  - A line of the audit trail tells who did it.
options:
  state:
    description:
      - Whether to stop it, which ends when nothing of it runs any more, or to start it, which ends when all workers
        answer the gate's question. One that does not pass stays stopped.
    type: str
    choices: [stopped, started]
    required: true
attributes:
  check_mode:
    support: full
    description: Tells whether something would change.
  diff_mode:
    support: none
    description: Changes no file that anybody writes.
extends_documentation_fragment: [asgi.deploy.run]
"""

EXAMPLES = """
- name: Stop the shop until it is started
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
    run_act(act_stop)


if __name__ == "__main__":
    main()
