#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.rollback: goes back to a release that served well."""

from __future__ import annotations

DOCUMENTATION = """
module: rollback
short_description: Goes back to a release that served well and is still on the host
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Starts it, puts it through its gate, and switches to it, in the same lossless way as a new one; nothing is built.
  - Never goes to a release that is incomplete, that never served, or that failed when it last did.
attributes:
  check_mode:
    support: full
    description: Tells which release it would go back to.
  diff_mode:
    support: full
    description: Shows the release that serves and the one that would.
options:
  to:
    description: The release to go back to; by default the one that served last before the one that does.
    type: str
extends_documentation_fragment: [asgi.deploy.run]
"""

EXAMPLES = """
- name: Go back
  asgi.deploy.rollback:
    name: shop
    by: ops
"""

RETURN = """
release:
  description: The release that serves, or in check mode would.
  type: str
  returned: success
before:
  description: The release that served before.
  type: str
  returned: success
steps:
  description: Seconds that each step took.
  type: dict
  returned: success
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils.deployment import Deployment, switch_diff
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils.store import RUN_OPTIONS


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **RUN_OPTIONS,
            "to": {"type": "str"},
        },
        supports_check_mode=True,
    )
    layout = Layout(module.params["name"])
    deployment = Deployment(layout, module.params["by"], module.params["lock_timeout"])
    try:
        if module.check_mode:
            target, live = deployment.choose(module.params["to"]), deployment.store.live()
            result: dict[str, Any] = {"changed": target != live, "release": target, "before": live, "steps": {}}
        else:
            result = deployment.rollback(module.params["to"])
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result, diff=switch_diff(layout.app, result["before"], result["release"]))


if __name__ == "__main__":
    main()
