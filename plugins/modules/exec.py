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

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.execution import Execution, printed
from ansible_collections.asgi.deploy.plugins.module_utils.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils.store import RUN_OPTIONS


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **RUN_OPTIONS,
            "command": {"type": "str", "required": True},
            "timeout": {"type": "int", "default": 3600},
        },
        supports_check_mode=True,
    )
    options = module.params
    if not 1 <= options["timeout"] <= 604_800:
        module.fail_json(msg=f"timeout: found {options['timeout']}, expected 1 to 604800 seconds, as in timeout: 3600")
    execution = Execution(Layout(options["name"]), options["command"], options["timeout"])
    try:
        outcome = execution.predict() if module.check_mode else execution.run(options["by"], options["lock_timeout"])
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))
    told = {"rc": outcome.rc, "stdout": outcome.stdout, "stderr": outcome.stderr, "release": outcome.release}
    text = f"{options['name']}: {options['command']}: {outcome.ending} in release {outcome.release}"
    lines = list(printed(outcome))
    if outcome.rc:
        module.fail_json(msg="\n".join([f"{text} (exit status {outcome.rc})", *lines]), lines=lines, **told)
    module.exit_json(changed=True, msg=text, lines=lines, **told)


if __name__ == "__main__":
    main()
