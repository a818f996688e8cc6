#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.facts: the facts that decisions need, and no others."""

from __future__ import annotations

DOCUMENTATION = """
module: facts
short_description: Gathers the facts that decisions need, and no others
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - The same facts, by the same names, as M(ansible.builtin.setup) gathers. That looks at disks, mounts and devices as
    well, which takes it several times as long.
extends_documentation_fragment: [asgi.deploy.info]
"""

EXAMPLES = """
- name: Know the host
  asgi.deploy.facts:
"""

RETURN = """
ansible_facts:
  description:
    - C(distribution), C(distribution_major_version), C(distribution_release), C(processor_nproc), the CPUs that
      processes may use, C(memtotal_mb), the memory in MiB, and C(all_ipv6_addresses) but that of the loopback.
  type: dict
  returned: always
"""

from ansible_collections.asgi.deploy.plugins.module_utils import act_facts
from ansible_collections.asgi.deploy.plugins.module_utils.arguments import run_act


def main() -> None:
    run_act(act_facts)


if __name__ == "__main__":
    main()
