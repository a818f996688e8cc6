#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.files: a set of files that stand or fall together."""

from __future__ import annotations

DOCUMENTATION = """
module: files
short_description: Writes a set of files that stand or fall together
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Compares and writes many files in one call.
  - After writing, the whole is validated; when that fails, every file is put back as it was and the validator's own
    words are shown.
  - A drop-in of the service in O(reload) has that started anew, where it runs; when it does not start, every file is
    put back and it is started once more.
  - A socket of systemd that listens and was changed listens anew, and what requires it is started again.
  - O(reload) takes its new configuration in the same call, and is started where it does not run. When the call ends,
    nginx serves by it; where nginx goes on with what it had, every file is put back. What a killed run left undone, the
    next one finishes.
attributes:
  check_mode:
    support: full
    description: Tells which files differ; changes nothing.
  diff_mode:
    support: full
    description: Shows each difference.
options:
  files:
    description: The files.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where it is.
        type: path
        required: true
      state:
        description: What it is.
        type: str
        choices: [file, directory, absent]
        default: file
      content:
        description: The text of a file.
        type: str
      secret_content:
        description: The same, of a file whose text is not to be shown anywhere.
        type: str
      mode:
        description: Its mode in octal; V(0644) by default, V(0755) for a directory.
        type: str
      owner:
        description: Its owner.
        type: str
        default: root
      group:
        description: Its group.
        type: str
        default: root
  reload:
    description: The service that reads the files.
    type: str
  validate:
    description: The command that must succeed with the new files in place, as a list of arguments.
    type: list
    elements: str
    default: []
  units:
    description: Units that run, and start at boot, with the files in place.
    type: list
    elements: str
    default: []
"""

EXAMPLES = """
- name: Configure nginx
  asgi.deploy.files:
    files:
      - path: /etc/nginx/nginx.conf
        content: "{{ lookup('ansible.builtin.template', 'nginx.conf.j2') }}"
    validate: [nginx, -t, -q]
    reload: nginx.service
"""

RETURN = """
paths:
  description: The files that differed.
  type: list
  elements: str
  returned: success
units:
  description: The units that did not run, or did not start at boot.
  type: list
  elements: str
  returned: success
"""

import os
from contextlib import ExitStack
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils import nginx, systemd
from ansible_collections.asgi.deploy.plugins.module_utils.arguments import discreet_module
from ansible_collections.asgi.deploy.plugins.module_utils.commands import attempt, last_lines
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.filesets import (
    FILE_OPTIONS,
    Item,
    apply_all,
    differences,
    pending,
    pending_reload,
    pending_restart,
)
from ansible_collections.asgi.deploy.plugins.module_utils.listeners import Listeners


def main() -> None:
    os.umask(0o022)  # whatever root's own is: nginx and the application must get to what is made here
    module = discreet_module(
        {
            "files": {"type": "list", "elements": "dict", "default": [], "options": FILE_OPTIONS},
            "validate": {"type": "list", "elements": "str", "default": []},
            "reload": {"type": "str"},
            "units": {"type": "list", "elements": "str", "default": []},
        },
        "files",
    )
    unit = module.params["reload"]
    try:
        found = differences([Item.of(options) for options in module.params["files"]])
        idle = systemd.idle(*module.params["units"])
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))
    result: dict[str, Any] = {
        "changed": bool(found or idle) or bool(unit and pending(unit)),
        "paths": [str(item.path) for item, _difference in found],
        "units": idle,
        "diff": [difference for _item, difference in found],
    }
    if result["changed"] and not module.check_mode:
        try:
            _apply([item for item, _difference in found], module.params)
            if idle:
                systemd.enable(*idle)
                systemd.start(*idle)
            module.log(f"wrote {', '.join(result['paths'])}")
        except (DeployError, OSError) as error:
            module.fail_json(msg=str(error), paths=result["paths"])
    module.exit_json(**result)


def _apply(items: list[Item], params: dict[str, Any]) -> None:
    unit = params["reload"]
    # Of a service's drop-in most takes effect when it starts.
    restart = bool(unit) and (pending_restart(unit) or any(item.path.parent.name == f"{unit}.d" for item in items))
    listeners = Listeners(items)
    told = False

    def take() -> None:
        nonlocal told
        if params["validate"]:
            checked = attempt(params["validate"])
            if checked.returncode:
                raise _refused(f"{params['validate'][0]} refuses the configuration", items, last_lines(checked))
        try:
            listeners.listen_anew()
        except DeployError as error:
            raise _refused(f"{', '.join(listeners.changed)} cannot listen", items, str(error)) from error
        if unit:
            told = systemd.show(unit)[0].active
            try:
                if restart:
                    systemd.restart_anew(unit)
                nginx.reload_or_start(unit)
            except DeployError as error:
                took = "start with" if restart else "take"
                raise _refused(f"{unit} does not {took} it", items, str(error)) from error
        listeners.stop_those_that_go()

    with ExitStack() as behind:
        if unit:
            behind.enter_context(pending_reload(unit, restart))
        for name in listeners.changed:
            behind.enter_context(pending_reload(name))
        if any("/systemd/" in str(item.path) for item in items):
            behind.callback(systemd.daemon_reload)
        try:
            apply_all(items, take)
        except (DeployError, OSError):
            listeners.as_before()
            if told:
                systemd.daemon_reload()
                nginx.reload_or_start(unit)
            raise


def _refused(what: str, items: list[Item], said: str) -> DeployError:
    paths = ", ".join(str(item.path) for item in items)
    return DeployError(f"{what}; put back as it was: {paths}\n{said}")


if __name__ == "__main__":
    main()
