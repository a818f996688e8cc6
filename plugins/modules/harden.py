#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.harden: the whole hardening of a host, in one round trip when there is nothing to do."""

from __future__ import annotations

DOCUMENTATION = """
module: harden
short_description: Hardens a host, and takes it back
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Compares files, packages, units, kernel parameters and the firewall with what shall be, and acts on what differs.
  - Refuses, before it changes anything, what would shut out whoever runs it or a program that others reach.
  - Waits for packages that M(asgi.deploy.install) has begun to install for later.
  - A change of the firewall or of sshd is on trial until it is called again with O(confirm), over a new connection. If
    nobody does, the host puts both back by itself.
attributes:
  check_mode:
    support: full
    description: Tells what differs; changes nothing.
  diff_mode:
    support: full
    description: Shows each difference.
options:
  confirm:
    description: Makes final what an earlier call has changed, and does nothing else.
    type: bool
    default: false
  wanted:
    description: All that shall be; required unless O(confirm) is set.
    type: dict
    suboptions:
      parts:
        description: What belongs together.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Its name; V(firewall) and V(sshd) are known.
            type: str
            required: true
          "on":
            description: Whether it shall be; otherwise it is taken back.
            type: bool
            required: true
          packages:
            description: Debian packages that it needs; they stay when it is taken back.
            type: list
            elements: str
            default: []
          files:
            description: Its files, as in M(asgi.deploy.files).
            type: list
            elements: dict
            default: []
            suboptions:
              path:
                description: Where it is.
                type: str
                required: true
              state:
                description: What it is.
                type: str
                choices: [file, directory, link, absent]
                default: file
              target: {description: What a link leads to., type: str}
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
          enabled:
            description: Units that start at boot.
            type: list
            elements: str
            default: []
          active:
            description: Those of them that run now.
            type: list
            elements: str
            default: []
          ends:
            description: Units that end when it is taken back.
            type: list
            elements: str
            default: []
          take:
            description: Verbs of systemctl, each with a unit, by which the host takes changed files.
            type: list
            elements: list
            default: []
          alternatives:
            description: Packages beside which it is not needed.
            type: list
            elements: str
            default: []
          in_containers:
            description: Whether a container has any use for it.
            type: bool
            default: true
      firewall:
        description:
          - What comes in, as the role P(asgi.deploy.hardening#role) plans it; nothing where the firewall is off.
        type: dict
      sshd:
        description: What C(sshd -T) shall show, by its names.
        type: dict
        default: {}
      ssh_exceptions:
        description: Criteria of C(Match) by which passwords or root are meant to be let in.
        type: list
        elements: str
        default: []
      sysctl:
        description: Kernel parameters by name; a C(*) stands for every interface.
        type: dict
        default: {}
      services:
        description: Units that shall not run where they are installed.
        type: list
        elements: str
        default: []
"""

EXAMPLES = """
- name: Make final what a new connection came through
  asgi.deploy.harden:
    confirm: true
"""

RETURN = """
check_mode:
  description: Whether nothing is to be changed.
  type: bool
  returned: with O(wanted)
parts:
  description: The names of what was done.
  type: list
  elements: str
  returned: with O(wanted)
on_trial:
  description: Whether a new connection has to confirm.
  type: bool
  returned: with O(wanted)
fixed:
  description: Kernel parameters that this host does not let be set, as in a container.
  type: list
  elements: str
  returned: with O(wanted)
reboot_required:
  description: Whether an upgrade waits for a reboot.
  type: bool
  returned: with O(wanted)
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import harden as act_harden
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    run_act(act_harden)


if __name__ == "__main__":
    main()
