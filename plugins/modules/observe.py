#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.observe: looks at all that a role manages, in one round trip."""

from __future__ import annotations

DOCUMENTATION = """
module: observe
short_description: Looks at all that a role manages, in one round trip
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Reports what differs from what shall be, so that the tasks that would mend it are skipped, without a round trip,
    when nothing does.
options:
  packages:
    description: Debian packages that shall be installed.
    type: list
    elements: str
    default: []
  units:
    description: Units that shall be enabled and active.
    type: list
    elements: str
    default: []
  needs:
    description: Units that shall be there, running or not.
    type: list
    elements: str
    default: []
  users:
    description: Users that shall exist.
    type: list
    elements: str
    default: []
  ports:
    description: TCP ports of which to report who listens on them.
    type: list
    elements: int
    default: []
  certificates:
    description: Certificates that shall be served, as the role P(asgi.deploy.certificate#role) writes them down.
    type: list
    elements: dict
    default: []
  lineages:
    description: Names for which to report whether certbot has a certificate.
    type: list
    elements: str
    default: []
  venvs:
    description: Virtual environments as in M(asgi.deploy.venv).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where it is.
        type: path
        required: true
      requirements:
        description: The text of its requirements.
        type: str
        required: true
  archives:
    description: SHA-256 of archives that shall have been shipped to the host.
    type: list
    elements: str
    default: []
extends_documentation_fragment: [asgi.deploy.info, asgi.deploy.files]
"""

EXAMPLES = """
- name: Look at the host
  asgi.deploy.observe:
    packages: [nginx]
    units: [nginx.service]
    ports: [80, 443]
"""

RETURN = """
check_mode:
  description:
    - Whether nothing is to be changed. C(ansible_check_mode) does not know of the C(check_mode) of a play or a task.
  type: bool
  returned: success
missing_packages:
  description: Packages that are not installed.
  type: list
  elements: str
  returned: success
drift:
  description: Files that differ, and the service that has yet to take them.
  type: list
  elements: str
  returned: success
inactive_units:
  description: Units that are not both enabled and active.
  type: list
  elements: str
  returned: success
unmet_needs:
  description: What is wrong with units that shall be there.
  type: list
  elements: str
  returned: success
missing_users:
  description: Users that do not exist.
  type: list
  elements: str
  returned: success
port_owners:
  description: For each port that is listened on, the program that does.
  type: dict
  returned: success
outdated_venvs:
  description: Virtual environments that are missing or were built from other requirements or for another Python.
  type: list
  elements: str
  returned: success
missing_archives:
  description: Archives that are not there.
  type: list
  elements: str
  returned: success
certificates_due:
  description: Certificates that there is something to do for, each with the reason.
  type: dict
  returned: success
lineages:
  description: Those of the names for which certbot has a certificate.
  type: list
  elements: str
  returned: success
"""

import pwd
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils import debian, systemd
from ansible_collections.asgi.deploy.plugins.module_utils.archives import missing
from ansible_collections.asgi.deploy.plugins.module_utils.certificates import Wanted, observe_certificate, reason_to_act
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.filesets import FILE_OPTIONS, Item, differences, pending
from ansible_collections.asgi.deploy.plugins.module_utils.needs import unmet
from ansible_collections.asgi.deploy.plugins.module_utils.sockets import port_owners
from ansible_collections.asgi.deploy.plugins.module_utils.venvs import complete, tool_mark


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "default": []},
            "files": {"type": "list", "elements": "dict", "default": [], "options": FILE_OPTIONS},
            "reload": {"type": "str"},
            "units": {"type": "list", "elements": "str", "default": []},
            "needs": {"type": "list", "elements": "str", "default": []},
            "users": {"type": "list", "elements": "str", "default": []},
            "ports": {"type": "list", "elements": "int", "default": []},
            "certificates": {"type": "list", "elements": "dict", "default": []},
            "lineages": {"type": "list", "elements": "str", "default": []},
            "archives": {"type": "list", "elements": "str", "default": []},
            "venvs": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "path", "required": True},
                    "requirements": {"type": "str", "required": True},
                },
            },
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, check_mode=module.check_mode, **_look(module.params))
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))


def _look(wanted: dict[str, Any]) -> dict[str, Any]:
    drift = [str(item.path) for item, _difference in differences([Item.of(options) for options in wanted["files"]])]
    if wanted["reload"] and pending(wanted["reload"]):
        drift.append(wanted["reload"])
    return {
        "missing_packages": debian.missing(wanted["packages"]),
        "drift": drift,
        "inactive_units": [unit.name for unit in systemd.show(*wanted["units"]) if not (unit.active and unit.enabled)],
        "unmet_needs": unmet(wanted["needs"]),
        "missing_users": [name for name in wanted["users"] if not _user_exists(name)],
        "port_owners": {str(port): program for port, program in port_owners(wanted["ports"]).items()},
        "outdated_venvs": [
            venv["path"]
            for venv in wanted["venvs"]
            if not complete(Path(venv["path"]), tool_mark(venv["requirements"]))
        ],
        "missing_archives": missing(wanted["archives"]),
        "certificates_due": {
            wanted.name: reason
            for wanted in (Wanted(**options) for options in wanted["certificates"])
            if (reason := reason_to_act(wanted))
        },
        "lineages": [name for name in wanted["lineages"] if observe_certificate(name)],
    }


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


if __name__ == "__main__":
    main()
