#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.logs: what an application logged on a host."""

from __future__ import annotations

DOCUMENTATION = """
module: logs
short_description: What an application logged on a host
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Reads the journal of all units of the application's releases, and nginx's log of its requests, and returns lines
    to be read. Changes nothing.
  - Times are in UTC.
options:
  name:
    description: The application's name.
    type: str
    required: true
  lines:
    description: How many of the last records to return at most.
    type: int
    default: 50
  minutes:
    description: How far to look back, in minutes; by default as far as there are records.
    type: float
  level:
    description: The lowest level to return.
    type: str
    choices: [debug, info, warning, error, critical]
    default: debug
  request:
    description:
      - The id of a request, as it is in the header C(X-Request-ID) of its answer; all lines that were logged for it are
        returned, that of nginx included.
    type: str
  access:
    description: Whether to return nginx's line for each request as well.
    type: bool
    default: false
  follow:
    description: For how many seconds to go on, and to print what comes meanwhile.
    type: int
    default: 0
  cursor:
    description: A place in the journal, to return all that comes after it, but for nginx's lines.
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
  description: The records, the last one last.
  type: list
  elements: str
  returned: success
cursor:
  description: Where the journal ends.
  type: str
  returned: success
"""

import re
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils.logs import LEVELS, Query, read


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "lines": {"type": "int", "default": 50},
            "minutes": {"type": "float"},
            "level": {"type": "str", "choices": list(LEVELS), "default": "debug"},
            "request": {"type": "str"},
            "access": {"type": "bool", "default": False},
            "follow": {"type": "int", "default": 0},
            "cursor": {"type": "str"},
        },
        supports_check_mode=True,
    )
    given = module.params
    if given["request"] is not None and not re.fullmatch(r"[A-Za-z0-9._-]{8,128}", given["request"]):
        module.fail_json(msg=f"request: found {given['request']!r}, expected an id as in the header X-Request-ID")
    if given["lines"] < 1:
        module.fail_json(msg=f"lines: found {given['lines']}, expected at least 1, as in lines: 50")
    since = time.time() - given["minutes"] * 60 if given["minutes"] is not None else None
    query = Query(given["lines"], since, given["request"], given["level"], given["access"], given["cursor"])
    try:
        found = read(Layout(given["name"]), query)
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, lines=[line.text for line in found.lines], cursor=found.cursor)


if __name__ == "__main__":
    main()
