#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.release_info: an application's releases on a host, and how the live one is."""

from __future__ import annotations

DOCUMENTATION = """
module: release_info
short_description: An application's releases on a host, and how the live one is
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Looks; changes nothing.
options:
  name:
    description: The application's name.
    type: str
    required: true
  deploys:
    description: How many of the last lines of the audit trail to return.
    type: int
    default: 10
extends_documentation_fragment: [asgi.deploy.info]
"""

EXAMPLES = """
- name: What serves?
  asgi.deploy.release_info:
    name: shop
  register: shop
"""

RETURN = """
live:
  description: The release that serves.
  type: str
  returned: success
health:
  description: What is wrong with the live release's answer to its gate's question; empty when nothing is.
  type: str
  returned: success
workers:
  description: Processes of the live release's service, its supervisor included.
  type: int
  returned: success
worker_count:
  description: Worker processes that the live release was given.
  type: int
  returned: success
workers_reason:
  description: Why it is that number.
  type: str
  returned: success
  sample: "io_bound: 2 x 2 CPUs + 1"
sandbox:
  description: What the live release may do beyond, or, as with C(outgoing), less than every application.
  type: dict
  returned: success
  sample: {jit: true}
service:
  description:
    - The live release's service, with its C(state) as systemd has it, how often it was started again as C(restarts),
      and in C(failed) what to know of one that has failed for good; empty when it has not.
  type: dict
  returned: success
memory:
  description: Bytes that the service's processes use.
  type: int
  returned: success
processes:
  description:
    - Each background process of the live release, by name and number, with its C(state) as systemd has it, how often it
      was started again as C(restarts), C(failed) as for the service, and the C(memory) it uses, in bytes.
  type: dict
  returned: success
jobs:
  description:
    - Each job of the live release, by name, with its schedule's C(state), when it is due C(next), when it was due
      C(last), and its C(result), which is V(success) for one that never ran.
  type: dict
  returned: success
releases:
  description:
    - Each release on the host, with its C(source), its C(commit) if it is from git, C(version), C(previous) release,
      C(states) and when they were reached, whether it is C(running), and why it C(failed).
  type: dict
  returned: success
packages:
  description: The distributions in the live release's virtual environment, by name, with their versions.
  type: dict
  returned: success
  sample: {uvicorn: 0.54.0}
tools:
  description: What the collection itself has on the host, C(uv) and C(certbot), with their versions.
  type: dict
  returned: success
deploys:
  description: The last lines of the audit trail.
  type: list
  elements: dict
  returned: success
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import release_info as act_release_info
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    run_act(act_release_info)


if __name__ == "__main__":
    main()
