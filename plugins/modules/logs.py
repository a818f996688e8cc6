#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.logs: the log of an application on a host."""

from __future__ import annotations

DOCUMENTATION = """
module: logs
short_description: Returns the log of an application on a host
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Reads the application's own journal together with the host's, for all units of its releases, and nginx's log of its
    requests, and returns readable lines. Changes nothing.
  - Times are in UTC.
options:
  name:
    description: The application's name.
    type: str
    required: true
  lines:
    description: The most records to return; the last ones count.
    type: int
    default: 50
  minutes:
    description: The age of the oldest record to return, in minutes; by default all records.
    type: float
  level:
    description: The lowest level to return.
    type: str
    choices: [debug, info, warning, error, critical]
    default: debug
  request:
    description:
      - The id of a request, from the header C(X-Request-ID) of its answer. All lines that were logged for it are
        returned, including that of nginx.
    type: str
  access:
    description: Whether to return nginx's line for each request as well.
    type: bool
    default: false
  follow:
    description: For how many seconds to continue and print new records.
    type: int
    default: 0
  cursor:
    description: A place in the journal; all records after it are returned, without nginx's lines.
    type: str
extends_documentation_fragment: [asgi.deploy.info]
"""

EXAMPLES = """
- name: What happened to this request?
  asgi.deploy.logs:
    name: shop
    request: 5f0c6f2b1d5e4e0c8f0b2f6a1c9d7e3a
"""

RETURN = """
lines:
  description: The records, the oldest first.
  type: list
  elements: str
  returned: success
cursor:
  description: The place of the last record in the journal.
  type: str
  returned: success, null if there is no record, or only nginx's log was read
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import logs as act_logs
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_logs)


if __name__ == "__main__":
    main()
