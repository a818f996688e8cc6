#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.files: a set of files that is applied as a whole."""

from __future__ import annotations

DOCUMENTATION = """
module: files
short_description: Writes a set of files as a whole, or none of them
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Compares and writes many files in one call.
  - After writing, the whole set is validated. If that fails, every file is restored, and the validator's message is
    shown.
  - If a drop-in of the service in O(reload) changes, a running service is restarted. If it does not start, every file
    is restored and it is started again.
  - If a socket unit that listens changes, it is restarted with the units that require it.
  - If the configuration of a journal namespace changes, its running journald is restarted.
  - The service in O(reload) reads its new configuration in the same call, and is started if it does not run. When the
    call ends, nginx serves by the new files; if nginx keeps its former configuration, every file is restored. The next
    run finishes what a killed run left undone.
attributes:
  check_mode:
    support: full
    description: Reports which files differ; changes nothing.
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
        description: Its absolute path.
        type: str
        required: true
      state:
        description: The kind of the entry.
        type: str
        choices: [file, directory, link, absent]
        default: file
      target:
        description: The target of a link.
        type: str
      content:
        description: The text of a file.
        type: str
      secret_content:
        description: The text of a file that is never shown.
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
          - Of a directory, whether everything below it that no other entry names is removed. The
            target of a removed link stays. If the set is refused, removed entries are
            restored.
        type: bool
        default: false
  unread:
    description:
      - Further files, which neither O(validate) nor O(reload) reads; if only these differ, neither of both runs.
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
    description:
      - Units that must run, and start at boot, with the files in place.
      - One that runs is restarted when its own file changes.
    type: list
    elements: str
    default: []
  users:
    description: System users without a login that may own the files; each has a group of its name, and no other.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      comment:
        description: Its purpose.
        type: str
        default: ""
      home:
        description: The path of its home, which is not created.
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
  description: The users that did not exist, or differed in shell or groups.
  type: list
  elements: str
  returned: success
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import files as act_files
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_files)


if __name__ == "__main__":
    main()
