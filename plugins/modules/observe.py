#!/usr/bin/python
"""Module asgi.deploy.observe: looks at all that a role manages, in one round trip."""

from __future__ import annotations

import pwd
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils import systemd
from ansible_collections.asgi.deploy.plugins.module_utils.certificates import due, observe_certificate
from ansible_collections.asgi.deploy.plugins.module_utils.commands import attempt
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.filesets import FILE_OPTIONS, Item, differences, pending
from ansible_collections.asgi.deploy.plugins.module_utils.sockets import port_owners
from ansible_collections.asgi.deploy.plugins.module_utils.venvs import complete, tool_mark

DOCUMENTATION = """
module: observe
short_description: Looks at all that a role manages, in one round trip
version_added: 0.1.0
author: asgi.deploy contributors
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
    description: Certificates that certbot shall have.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Certbot's name for it.
        type: str
        required: true
      domains:
        description: The names it shall be for.
        type: list
        elements: str
        required: true
      server:
        description: URL of the ACME directory it shall come from.
        type: str
        required: true
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
certificates_due:
  description: Certificates that are to be asked for, each with the reason.
  type: dict
  returned: success
"""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "default": []},
            "files": {"type": "list", "elements": "dict", "default": [], "options": FILE_OPTIONS},
            "reload": {"type": "str"},
            "units": {"type": "list", "elements": "str", "default": []},
            "users": {"type": "list", "elements": "str", "default": []},
            "ports": {"type": "list", "elements": "int", "default": []},
            "certificates": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "domains": {"type": "list", "elements": "str", "required": True},
                    "server": {"type": "str", "required": True},
                },
            },
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
        module.exit_json(changed=False, **_look(module.params))
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))


def _look(wanted: dict[str, Any]) -> dict[str, Any]:
    drift = [str(item.path) for item, _ in differences([Item.of(options) for options in wanted["files"]])]
    if wanted["reload"] and pending(wanted["reload"]):
        drift.append(wanted["reload"])
    return {
        "missing_packages": _missing_packages(wanted["packages"]),
        "drift": drift,
        "inactive_units": [unit.name for unit in systemd.show(*wanted["units"]) if not (unit.active and unit.enabled)],
        "missing_users": [name for name in wanted["users"] if not _user_exists(name)],
        "port_owners": {str(port): program for port, program in port_owners(wanted["ports"]).items()},
        "outdated_venvs": [
            venv["path"]
            for venv in wanted["venvs"]
            if not complete(Path(venv["path"]), tool_mark(venv["requirements"]))
        ],
        "certificates_due": {
            certificate["name"]: reason
            for certificate in wanted["certificates"]
            if (reason := due(observe_certificate(certificate["name"]), certificate["domains"], certificate["server"]))
        },
    }


def _missing_packages(names: list[str]) -> list[str]:
    if not names:
        return []
    listing = attempt(["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", "--", *names]).stdout
    installed = {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


if __name__ == "__main__":
    main()
