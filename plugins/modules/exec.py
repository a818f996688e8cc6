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
  - Runs the command with the release's code, environment, user and sandbox, waits for its end, and records in the audit
    trail the user, the command and its result.
  - The release stays on the host while the command runs, even if other releases go live.
attributes:
  check_mode:
    support: full
    description: Runs nothing, and reports in which release the command would run.
  diff_mode:
    support: none
    description: Does not know what the command changes.
options:
  command:
    description:
      - The command, written as for a shell, but run without one; its program is searched among
        those of the application itself first, then in the virtual environment.
      - Users who may list the host's processes see it, and the audit trail records it. Keep secrets out of it.
    type: str
    required: true
  timeout:
    description: Seconds after which the command is stopped and counts as failed.
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
  description: Its exit status, or 128 plus the number of the signal that ended it. The module fails if it is not V(0).
  type: int
  returned: always
stdout:
  description: Its standard output.
  type: str
  returned: always
stderr:
  description: Its standard error.
  type: str
  returned: always
lines:
  description: Both as lines, standard error last.
  type: list
  elements: str
  returned: always
release:
  description: The release that it ran in.
  type: str
  returned: always
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import exec as act_exec
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_exec)


if __name__ == "__main__":
    main()
