#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.remove: takes an application off a host."""

from __future__ import annotations

DOCUMENTATION = """
module: remove
short_description: Takes an application off a host
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
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
    description:
      - Whether to remove what the application itself has stored, in C(/var/lib/asgi/NAME) and
        C(/var/lib/asgi-storage/NAME).
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

import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils import archives, systemd
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.instance import Instance, running
from ansible_collections.asgi.deploy.plugins.module_utils.layout import UNITS, Layout, release_of
from ansible_collections.asgi.deploy.plugins.module_utils.pause import let_go
from ansible_collections.asgi.deploy.plugins.module_utils.store import RUN_OPTIONS, Store
from ansible_collections.asgi.deploy.plugins.module_utils.work import Work, busy


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **RUN_OPTIONS,
            "data": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    layout = Layout(module.params["name"])
    folders = [Path(layout.home), Path(layout.mirror), Path(layout.tls), Path(layout.certificate), Path(layout.cache)]
    if module.params["data"]:
        folders += [Path(layout.data), Path(layout.storage)]
    try:
        changed = bool(_unit_files(layout) or running(layout) or busy(layout)) or any(
            folder.exists() for folder in folders
        )
        if changed and not module.check_mode:
            with Store(layout).lock(module.params["lock_timeout"], module.params["by"]):
                _remove(layout, folders)
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed)


def _unit_files(layout: Layout) -> list[Path]:
    of_releases = [file for name in ("", ".*") for file in Path(UNITS).glob(f"asgi-{layout.app}{name}@*.*")]
    return sorted([*of_releases, *(file for unit in layout.public_units if (file := Path(UNITS, unit)).exists())])


def _remove(layout: Layout, folders: list[Path]) -> None:
    units = _unit_files(layout)
    for release in running(layout) | busy(layout) | {release_of(unit.name) for unit in units if "@" in unit.name}:
        work = Work(layout, release)
        work.stop()
        Instance(layout, release).stop()
        let_go(layout, release)
        work.forget()
    systemd.stop(*layout.public_units)
    systemd.disable(layout.boot_unit)
    for unit in units:
        unit.unlink(missing_ok=True)
    systemd.daemon_reload()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    archives.prune()


if __name__ == "__main__":
    main()
