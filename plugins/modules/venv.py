#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.venv: a virtual environment with exactly what its requirements say."""

from __future__ import annotations

DOCUMENTATION = """
module: venv
short_description: A virtual environment with exactly what its requirements say
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Builds it with uv, which is installed for it, or with pip. It is built anew when the requirements or the host's
    Python change.
attributes:
  check_mode:
    support: full
    description: Tells whether it would be built.
  diff_mode:
    support: none
    description: Tells only that it would be built.
options:
  path:
    description: Where it is.
    type: path
    required: true
  requirements:
    description: The text of its requirements, with hashes or without.
    type: str
    required: true
  wheelhouse:
    description: The SHA-256 of an archive of wheels that was shipped to the host; nothing but these is installed then.
    type: str
  installer:
    description: What builds it; V(auto) is uv where it can be installed and pip elsewhere.
    type: str
    choices: [auto, uv, pip]
    default: auto
"""

EXAMPLES = """
- name: Install certbot
  asgi.deploy.venv:
    path: /opt/asgi/certbot
    requirements: "{{ lookup('ansible.builtin.file', 'certbot.txt') }}"
"""

RETURN = """#"""

import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.supplies import supplies
from ansible_collections.asgi.deploy.plugins.module_utils.venvs import build_tool, complete, tool_mark


def main() -> None:
    os.umask(0o022)  # whatever root's own is: nginx and the application must get to what is made here
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "requirements": {"type": "str", "required": True},
            "wheelhouse": {"type": "str"},
            "installer": {"type": "str", "choices": ["auto", "uv", "pip"], "default": "auto"},
        },
        supports_check_mode=True,
    )
    path, requirements = Path(module.params["path"]), module.params["requirements"]
    try:
        changed = not complete(path, tool_mark(requirements))
        if changed and not module.check_mode:
            with supplies(f".{path.name}", None, module.params["wheelhouse"]) as given:
                build_tool(path, requirements, module.params["installer"], given)
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
