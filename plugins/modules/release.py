#!/usr/bin/python
"""Module asgi.deploy.release: puts a version of an application live without losing a request."""

from __future__ import annotations

import os
import shutil

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils.deployment import Deployment, Wanted
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils.layout import Layout

DOCUMENTATION = """
module: release
short_description: Puts a version of an application live without losing a request
version_added: 0.1.0
author: asgi.deploy contributors
description:
  - Prepares a release with a name made from all its inputs, starts it beside the one that serves, asks it on its own
    socket until it has proven itself, and then switches by renaming a link. The release before is drained and stopped.
  - The same inputs make the same release, so a second run has nothing to do.
  - Until the switch the release that serves is not touched. A run that is killed leaves no lock, and the next run
    finishes its work.
  - Used by the role P(asgi.deploy.app#role), which computes all of its arguments.
attributes:
  check_mode:
    support: full
    description: Looks the version up and tells whether a release would be made; changes nothing.
  diff_mode:
    support: full
    description: Shows the release that serves and the one that would.
options:
  name:
    description: The application's name.
    type: str
    required: true
  git:
    description: The repository.
    type: str
    required: true
  version:
    description: Tag, branch or commit.
    type: str
    required: true
  files:
    description: Configuration files of the release, by name. Readable by the application alone.
    type: dict
    required: true
  environment:
    description: Text of the application's environment file. Readable by root alone.
    type: str
    required: true
  units:
    description: Text of the release's C(service) and C(socket) unit; C(%i) in them is the release.
    type: dict
    required: true
  server_requirements:
    description: What is installed beside the application's own requirements.
    type: list
    elements: str
    required: true
  installer:
    description: What builds virtual environments.
    type: str
    choices: [auto, uv, pip]
    default: auto
  host_name:
    description: The host name that the gate asks for.
    type: str
    required: true
  gate:
    description: What the release must answer before it gets traffic.
    type: dict
    required: true
    options:
      path:
        description: The path asked for.
        type: str
        required: true
      status:
        description: The answers that pass, as numbers or classes such as V(2xx).
        type: list
        elements: str
        required: true
      timeout:
        description: Seconds in which the gate must be passed.
        type: int
        required: true
      successes:
        description: Answers in a row that pass.
        type: int
        required: true
  settle:
    description: Seconds after a switch in which nginx may still use a connection to the release before.
    type: int
    required: true
  drain_timeout:
    description: Seconds after a switch in which connections to the release before may end by themselves.
    type: int
    required: true
  keep:
    description: Releases kept on the host.
    type: int
    required: true
"""

EXAMPLES = """
- name: Release an application
  ansible.builtin.include_role:
    name: asgi.deploy.app
  vars:
    app_spec:
      name: shop
      git: https://git.example.com/shop.git
      version: v1.4.2
      module: shop.main:app
      domains: [shop.example.com]
"""

RETURN = """
release:
  description: The release that serves, or in check mode would.
  type: str
  returned: success
  sample: v1.4.2-1a2b3c4d
commit:
  description: The commit that the version named.
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


def main() -> None:
    os.umask(0o022)  # whatever root's own is: nginx and the application must get to what is made here
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "git": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "files": {"type": "dict", "required": True},
            "environment": {"type": "str", "required": True, "no_log": True},
            "units": {"type": "dict", "required": True},
            "server_requirements": {"type": "list", "elements": "str", "required": True},
            "installer": {"type": "str", "choices": ["auto", "uv", "pip"], "default": "auto"},
            "host_name": {"type": "str", "required": True},
            "gate": {
                "type": "dict",
                "required": True,
                "options": {
                    "path": {"type": "str", "required": True},
                    "status": {"type": "list", "elements": "str", "required": True},
                    "timeout": {"type": "int", "required": True},
                    "successes": {"type": "int", "required": True},
                },
            },
            "settle": {"type": "int", "required": True},
            "drain_timeout": {"type": "int", "required": True},
            "keep": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    options = dict(module.params)
    gate = Gate(**options.pop("gate"), host=options.pop("host_name"))
    wanted = Wanted(layout=Layout(options.pop("name")), gate=gate, **options)
    try:
        result = _predict(wanted) if module.check_mode else Deployment(wanted).run()
    except DeployError as error:
        module.fail_json(msg=str(error))
    if result["changed"]:
        if not module.check_mode:
            module.log(f"{wanted.layout.app}: {result['before']} -> {result['release']}")
        result["diff"] = {
            "before_header": f"{wanted.layout.app}: release",
            "after_header": f"{wanted.layout.app}: release",
            "before": f"{result['before'] or 'none'}\n",
            "after": f"{result['release'] or wanted.version}\n",
        }
    module.exit_json(**result)


def _predict(wanted: Wanted) -> dict[str, object]:
    if shutil.which("git") is None:  # a host that was never deployed to: git itself would be installed first
        return {"changed": True, "release": None, "commit": None, "before": None, "steps": {}}
    return Deployment(wanted).predict()


if __name__ == "__main__":
    main()
