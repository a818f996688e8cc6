#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.release: puts a version of an application live without losing a request."""

from __future__ import annotations

DOCUMENTATION = """
module: release
short_description: Puts a version of an application live without losing a request
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
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
  source:
    description: Where the application's code comes from.
    type: dict
    required: true
    suboptions:
      kind:
        description: What it is.
        type: str
        choices: [git, archive, package]
        required: true
      url:
        description: Of a repository, or of an archive that the host fetches.
        type: str
      sha256:
        description: The checksum of an archive, by which one that was shipped is found.
        type: str
      name:
        description: What an archive is called in messages.
        type: str
      requirement:
        description: The distribution to install, with its version.
        type: str
      subdirectory:
        description: The folder that the application lies in.
        type: str
      submodules:
        description: Whether to fetch a repository's submodules.
        type: bool
        default: false
      signers:
        description: Public SSH keys, one of which must have signed the commit, or the tag that the version names.
        type: list
        elements: str
        default: []
      deploy_key:
        description: The text of a private SSH key that lets read the repository.
        type: str
  version:
    description: Tag, branch or commit of a repository; for the others what the release is called.
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
  secrets:
    description:
      - Secrets of the application, by name. On the host they are credentials of systemd, encrypted, and readable by the
        release's units alone.
      - Another value makes another release, by whose name nobody can guess it.
    type: dict
    default: {}
  tree:
    description: What is added to the release's source.
    type: dict
    required: true
    suboptions:
      files:
        description: Contents of files in Base64, by their paths in the tree.
        type: dict
        required: true
      links:
        description: Directories that outlive the release, by their paths in the tree.
        type: dict
        required: true
      static:
        description: Folders of the tree that nginx serves, by the beginnings of their URLs.
        type: dict
        required: true
  units:
    description:
      - Text of the release's units C(service), C(socket), C(drain) and, if there is a release command, C(command).
      - Besides C(process-NAME-NUMBER) of its processes, C(job-NAME) and C(timer-NAME) of its jobs, and C(live), the
        target of these.
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
  python:
    description: V(system), a version, or the path of an interpreter on the host.
    type: str
    default: system
  extras:
    description: Extras of the application to install.
    type: list
    elements: str
    default: []
  index:
    description: The index to use in the place of the host's own.
    type: dict
    suboptions:
      url:
        description: Its address, without a password.
        type: str
        required: true
      username:
        description: Who asks.
        type: str
      password:
        description: His password or token.
        type: str
  server_lock:
    description:
      - What serves the application, as requirements with hashes. With it nothing is installed that has no hash, and
        nothing is built.
    type: str
  wheelhouse:
    description: SHA-256 of the archive of wheels that was shipped; with it no index is asked.
    type: str
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
  worker_count:
    description: Worker processes; noted for M(asgi.deploy.release_info).
    type: int
    required: true
  workers_reason:
    description: Why it is that number.
    type: str
    required: true
  sandbox:
    description: What differs from the sandbox that every application has; noted for M(asgi.deploy.release_info).
    type: dict
    default: {}
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
  description: The commit that the version named, if the application comes from git.
  type: str
  returned: success
source:
  description: Where the code of the release comes from.
  type: dict
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
from ansible_collections.asgi.deploy.plugins.module_utils.secrets import masked
from ansible_collections.asgi.deploy.plugins.module_utils.settings import Settings
from ansible_collections.asgi.deploy.plugins.module_utils.sources import SOURCE_OPTIONS
from ansible_collections.asgi.deploy.plugins.module_utils.store import RUN_OPTIONS
from ansible_collections.asgi.deploy.plugins.module_utils.supplies import INDEX_OPTIONS
from ansible_collections.asgi.deploy.plugins.module_utils.watch import Watch


def main() -> None:
    os.umask(0o022)  # whatever root's own is: nginx and the application must get to what is made here
    whole = {"type": "int", "required": True}
    text = {"type": "str", "required": True}
    texts = {"type": "list", "elements": "str", "required": True}
    gate = {"path": text, "status": texts, "timeout": whole, "successes": whole, "workers": whole, "uptime": whole}
    tree = {
        "files": {"type": "dict", "required": True, "no_log": True},
        "links": {"type": "dict", "required": True},
        "static": {"type": "dict", "required": True},
    }
    watch = {"seconds": whole, "error_percent": whole, "errors": whole}
    module = AnsibleModule(
        argument_spec={
            **RUN_OPTIONS,
            "source": {"type": "dict", "required": True, "options": SOURCE_OPTIONS},
            "version": text,
            "files": {"type": "dict", "required": True},
            "environment": {"type": "str", "required": True, "no_log": True},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "tree": {"type": "dict", "required": True, "options": tree},
            "units": {"type": "dict", "required": True},
            "server_requirements": texts,
            "installer": {"type": "str", "choices": ["auto", "uv", "pip"], "default": "auto"},
            "python": {"type": "str", "default": "system"},
            "extras": {"type": "list", "elements": "str", "default": []},
            "index": {"type": "dict", "options": INDEX_OPTIONS},
            "server_lock": {"type": "str"},
            "wheelhouse": {"type": "str"},
            "host_name": text,
            "gate": {"type": "dict", "required": True, "options": gate},
            "watch": {"type": "dict", "required": True, "options": watch},
            "keep": whole,
            "worker_count": whole,
            "workers_reason": text,
            "sandbox": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    options = module.params
    layout = Layout(options["name"])
    inputs = Inputs(**{field.name: options[field.name] for field in dataclasses.fields(Inputs)})
    settings = Settings(
        Gate(**options["gate"], host=options["host_name"]),
        Watch(**options["watch"]),
        options["keep"],
        options["worker_count"],
        options["workers_reason"],
        options["sandbox"],
    )
    deployment = Deployment(layout, options["by"], options["lock_timeout"])
    try:
        if module.check_mode and inputs.source["kind"] == "git" and shutil.which("git") is None:
            # A host that was never deployed to: git itself would be installed first.
            result: dict[str, Any] = {"changed": True, "release": None, "before": None, "steps": {}}
        elif module.check_mode:
            result = deployment.predict(Builder(layout, inputs), settings)
        else:
            result = deployment.release(Builder(layout, inputs), settings)
    except (DeployError, OSError) as error:
        module.fail_json(msg=masked(str(error), options["secrets"].values()))
    module.exit_json(**result, diff=switch_diff(layout.app, result["before"], result["release"] or inputs.version))


if __name__ == "__main__":
    main()
