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
  - After writing, the whole is validated; when that fails, every file is restored as it was and the validator's own
    words are shown.
  - A drop-in of the service in O(reload) has that started anew, where it runs; when it does not start, every file is
    put back and it is started once more.
  - A socket of systemd that listens and was changed listens anew, and what requires it is started again.
  - A journald of a namespace of the journal whose configuration was changed is started again, where it runs.
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
    suboptions: &file
      path:
        description: Where it is.
        type: str
        required: true
      state:
        description: What it is.
        type: str
        choices: [file, directory, link, absent]
        default: file
      target:
        description: What a link leads to.
        type: str
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
      exclusive:
        description:
          - Of a directory, whether nothing else may be below it. Files, links and folders that
            no other item names are removed; a link is removed, its target stays. When the set is
            refused, they are put back.
        type: bool
        default: false
  beside:
    description:
      - Further files, which neither O(validate) nor O(reload) reads; where no others differ, both are left alone.
    type: list
    elements: dict
    default: []
    suboptions: *file
  reload:
    description: The service that reads the files.
    type: str
  port_goes_to:
    description:
      - Of a port that goes from a socket of systemd to the service in O(reload), or the other way, to which it goes.
        With V(service) sockets whose units are removed are closed before the service takes its configuration, and
        stopped after it. With V(sockets) those that change are stopped before that, and started with the services that
        need them after it. Connections are refused only in between.
    type: str
    choices: [service, sockets]
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
  users:
    description: System users without a login whose files these may be; each has a group of its name, and no other.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      comment:
        description: What it is for.
        type: str
        default: ""
      home:
        description: Where its home is; nothing is made there.
        type: str
        default: /nonexistent
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
users:
  description: The users that were not there, or differed in shell or groups.
  type: list
  elements: str
  returned: success
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import files as act_files
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    run_act(act_files)


if __name__ == "__main__":
    main()
