#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.harden: the hardening of a host, in one round trip if there is nothing to do."""

from __future__ import annotations

DOCUMENTATION = """
module: harden
short_description: Hardens a host, and undoes it
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Compares files, packages, units, kernel parameters and the firewall with the desired state, and changes what
    differs.
  - Refuses, before it changes anything, a state that would lock out its user or close a port that a program serves.
  - Waits for packages that M(asgi.deploy.install) installs in the background.
  - A change of the firewall or of sshd is on trial until the module is called with O(confirm) over a new connection.
    Otherwise the host restores both.
attributes:
  check_mode:
    support: full
    description: Reports what differs; changes nothing.
  diff_mode:
    support: full
    description: Shows each difference.
options:
  confirm:
    description: Makes the changes of an earlier call final, and does nothing else.
    type: bool
    default: false
  desired:
    description: The desired state; required unless O(confirm) is set.
    type: dict
    suboptions:
      parts:
        description: Parts that are applied separately.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Its name; V(firewall) and V(sshd) are known.
            type: str
            required: true
          "on":
            description: Whether the part is desired; otherwise it is undone.
            type: bool
            required: true
          packages:
            description: Debian packages that it needs; they stay when it is undone.
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
                description: Its absolute path.
                type: str
                required: true
              state:
                description: The kind of the entry.
                type: str
                choices: [file, directory, link, absent]
                default: file
              target: {description: The target of a link., type: str}
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
          enabled:
            description: Units that start at boot.
            type: list
            elements: str
            default: []
          active:
            description: The units of these that must run now.
            type: list
            elements: str
            default: []
          ends:
            description: Units that are stopped when the part is undone.
            type: list
            elements: str
            default: []
          take:
            description: Commands of systemctl, each with a unit, that apply changed files.
            type: list
            elements: list
            default: []
          alternatives:
            description: Packages that make the part unnecessary.
            type: list
            elements: str
            default: []
          in_containers:
            description: Whether the part applies to containers.
            type: bool
            default: true
          modules:
            description: Code of this collection that stays on the host, as dotted names below C(plugins/module_utils).
            type: list
            elements: str
            default: []
      firewall:
        description:
          - The traffic that is allowed, as the role P(asgi.deploy.hardening#role) plans it; missing if it is off.
        type: dict
      sshd:
        description: Values that C(sshd -T) must show, by keyword.
        type: dict
        default: {}
      ssh_exceptions:
        description: Criteria of C(Match) for which passwords or root are allowed on purpose.
        type: list
        elements: str
        default: []
      sysctl:
        description: Kernel parameters by name; a C(*) stands for every interface.
        type: dict
        default: {}
      services:
        description: Units that must not run.
        type: list
        elements: str
        default: []
"""

EXAMPLES = """
- name: Make the changes final over a new connection
  asgi.deploy.harden:
    confirm: true
"""

RETURN = """
check_mode:
  description: Whether nothing was changed.
  type: bool
  returned: with O(desired)
parts:
  description: The names of the parts that differed.
  type: list
  elements: str
  returned: with O(desired)
on_trial:
  description: Whether a new connection must confirm the changes.
  type: bool
  returned: with O(desired)
fixed:
  description: Kernel parameters that cannot be set on this host, as in a container.
  type: list
  elements: str
  returned: with O(desired)
reboot_required:
  description: Whether an upgrade waits for a reboot.
  type: bool
  returned: with O(desired)
replaced:
  description: What runs libraries that an upgrade has replaced, applications by their names and C(nginx).
  type: dict
  returned: with O(desired)
  contains:
    NAME:
      description: One of them.
      type: dict
      contains:
        files: {description: Paths of these libraries., type: list, elements: str, returned: always}
        since: {description: When the first was replaced., type: float, returned: "always, null if not known"}
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import harden as act_harden
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_harden)


if __name__ == "__main__":
    main()
