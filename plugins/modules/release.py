#!/usr/bin/python
"""Module asgi.deploy.release: puts a version of an application live without losing a request."""

from __future__ import annotations

import dataclasses
import os
import shutil
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils.builder import Builder, Inputs
from ansible_collections.asgi.deploy.plugins.module_utils.deployment import Deployment, switch_diff
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils.settings import Settings
from ansible_collections.asgi.deploy.plugins.module_utils.watch import Watch

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
    description:
      - Text of the release's units C(service), C(socket), C(drain) and, if there is a release command, C(command).
      - C(%i) in them is the release.
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
    suboptions:
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
      workers:
        description: Processes that must all have answered.
        type: int
        required: true
      uptime:
        description: Seconds that the service must have stayed up.
        type: int
        required: true
  watch:
    description: What takes a release back in its first seconds.
    type: dict
    required: true
    suboptions:
      seconds:
        description: How long it is watched; V(0) for not at all.
        type: int
        required: true
      error_percent:
        description: The share of server errors that is too much.
        type: int
        required: true
      errors:
        description: Server errors that must have been seen for that.
        type: int
        required: true
  keep:
    description: Releases kept on the host.
    type: int
    required: true
extends_documentation_fragment: [asgi.deploy.run]
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
    whole = {"type": "int", "required": True}
    text = {"type": "str", "required": True}
    texts = {"type": "list", "elements": "str", "required": True}
    gate = {"path": text, "status": texts, "timeout": whole, "successes": whole, "workers": whole, "uptime": whole}
    watch = {"seconds": whole, "error_percent": whole, "errors": whole}
    module = AnsibleModule(
        argument_spec={
            "name": text,
            "git": text,
            "version": text,
            "files": {"type": "dict", "required": True},
            "environment": {"type": "str", "required": True, "no_log": True},
            "units": {"type": "dict", "required": True},
            "server_requirements": texts,
            "installer": {"type": "str", "choices": ["auto", "uv", "pip"], "default": "auto"},
            "host_name": text,
            "gate": {"type": "dict", "required": True, "options": gate},
            "watch": {"type": "dict", "required": True, "options": watch},
            "keep": whole,
            "by": text,
            "lock_timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    options = module.params
    layout = Layout(options["name"])
    inputs = Inputs(**{field.name: options[field.name] for field in dataclasses.fields(Inputs)})
    settings = Settings(Gate(**options["gate"], host=options["host_name"]), Watch(**options["watch"]), options["keep"])
    deployment = Deployment(layout, options["by"], options["lock_timeout"])
    try:
        if module.check_mode and shutil.which("git") is None:
            # A host that was never deployed to: git itself would be installed first.
            result: dict[str, Any] = {"changed": True, "release": None, "commit": None, "before": None, "steps": {}}
        elif module.check_mode:
            result = deployment.predict(Builder(layout, inputs), settings)
        else:
            result = deployment.release(Builder(layout, inputs), settings)
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result, diff=switch_diff(layout.app, result["before"], result["release"] or inputs.version))


if __name__ == "__main__":
    main()
