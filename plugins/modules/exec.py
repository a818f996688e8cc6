#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.exec: runs a command in the live release of an application."""

from __future__ import annotations

DOCUMENTATION = """
module: exec
short_description: Runs a command in the live release of an application
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Runs it with the release's code, environment, user and sandbox, waits for its end, and notes in the audit trail who
    ran what and how it ended.
  - The release stays on the host for as long as the command runs, whatever is released meanwhile.
attributes:
  check_mode:
    support: full
    description: Runs nothing, and tells in which release it would run.
  diff_mode:
    support: none
    description: Does not know what the command changes.
options:
  command:
    description:
      - The command, written as for a shell, but run without one; its program is looked for in the virtual environment
        first.
      - It is seen by whoever may look at the host's processes, and noted in the audit trail. Keep secrets out of it.
    type: str
    required: true
  timeout:
    description: Seconds that it may take; then it is ended and has failed.
    type: int
    default: 3600
extends_documentation_fragment: [asgi.deploy.run]
"""

EXAMPLES = """
- name: Who has an account?
  asgi.deploy.exec:
    name: shop
    command: python -m shop.users list
    by: ops
"""

RETURN = """
rc:
  description: Its exit status; 128 and the signal's number when one ended it. The module fails when it is not V(0).
  type: int
  returned: always
stdout:
  description: What it printed.
  type: str
  returned: always
stderr:
  description: What it printed to its standard error.
  type: str
  returned: always
lines:
  description: Both, line by line, its errors last.
  type: list
  elements: str
  returned: always
release:
  description: The release it ran in.
  type: str
  returned: always
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import exec as act_exec
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    run_act(act_exec)


if __name__ == "__main__":
    main()
