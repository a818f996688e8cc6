#!/usr/bin/python
"""Module asgi.deploy.remove: takes an application off a host."""

from __future__ import annotations

import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils import systemd
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.instance import Instance, running
from ansible_collections.asgi.deploy.plugins.module_utils.layout import UNITS, Layout
from ansible_collections.asgi.deploy.plugins.module_utils.store import Store

DOCUMENTATION = """
module: remove
short_description: Takes an application off a host
version_added: 0.1.0
author: asgi.deploy contributors
description:
  - Stops its releases and removes them with their units, virtual environments and the mirror of their source.
  - Its site, user and certificate are the role's to remove, in the right order.
attributes:
  check_mode:
    support: full
    description: Tells whether there is something to remove.
  diff_mode:
    support: none
    description: Tells only that it would be removed.
options:
  data:
    description: Whether to remove what the application itself has stored, in C(/var/lib/asgi/NAME).
    type: bool
    default: false
extends_documentation_fragment: [asgi.deploy.run]
"""

EXAMPLES = """
- name: Take the application off the host, and leave its data
  asgi.deploy.remove:
    name: shop
    by: ops
"""

RETURN = """#"""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "data": {"type": "bool", "default": False},
            "by": {"type": "str", "required": True},
            "lock_timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    layout = Layout(module.params["name"])
    folders = [Path(layout.home), Path(layout.mirror)]
    if module.params["data"]:
        folders.append(Path(layout.data))
    try:
        changed = bool(_unit_files(layout) or running(layout)) or any(folder.exists() for folder in folders)
        if changed and not module.check_mode:
            with Store(layout).lock(module.params["lock_timeout"], module.params["by"]):
                _remove(layout, folders)
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed)


def _unit_files(layout: Layout) -> list[Path]:
    return sorted(file for kind in layout.KINDS for file in Path(UNITS).glob(layout.unit(kind, "*")))


def _remove(layout: Layout, folders: list[Path]) -> None:
    units = _unit_files(layout)
    for release in running(layout) | {unit.stem.split("@", 1)[1] for unit in units}:
        Instance(layout, release).stop()
    systemd.disable(layout.boot_unit)
    for unit in units:
        unit.unlink(missing_ok=True)
    systemd.daemon_reload()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
