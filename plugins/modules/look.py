#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.look: looks at all that shall be on a host, in one round trip."""

from __future__ import annotations

DOCUMENTATION = """
module: look
short_description: Looks at all that shall be on a host, in one round trip
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Reports what differs from what shall be, so that what would mend it is skipped, without a round trip, when nothing
    does.
  - M(asgi.deploy.survey) calls it, with what roles and applications want.
options:
  looks:
    description:
      - What to look at. Not shown, as it may hold secrets.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description:
          - V(parts) for packages, files, units and the like, V(release) and V(removal) for an application, V(hardening)
            for the host, V(facts) for what decisions need to know of it.
        type: str
        choices: [facts, hardening, parts, release, removal]
        required: true
      options:
        description:
          - Those of M(asgi.deploy.release), M(asgi.deploy.remove) and M(asgi.deploy.harden).
          - For V(parts) they are C(packages), C(files) and C(reload) as in M(asgi.deploy.files), C(units) that shall be
            enabled and active, C(needs), C(users), C(no_users), C(ports), C(certificates), C(lineages), C(archives) and
            C(venvs).
        type: dict
        required: true
extends_documentation_fragment: [asgi.deploy.info]
"""

EXAMPLES = """
- name: Look at the host
  asgi.deploy.look:
    looks:
      - kind: parts
        options: {packages: [nginx], units: [nginx.service], ports: [80, 443]}
"""

RETURN = """
found:
  description:
    - What differs, for each of O(looks); C(failed) with the reason where it cannot be told. C(diff) are the differences
      of files.
    - For V(facts), C(distribution), C(distribution_major_version), C(distribution_release), C(processor_nproc), which
      are the CPUs that processes may use, C(memtotal_mb), the memory in MiB, and C(all_ipv6_addresses) but that of the
      loopback.
  type: list
  elements: dict
  returned: success
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.survey.inspections import LOOKS, looked
from ansible_collections.asgi.deploy.plugins.module_utils._module import check, discreet_module


def main() -> None:
    spec = {
        "kind": {"type": "str", "choices": sorted(LOOKS), "required": True},
        "options": {"type": "dict", "required": True},
    }
    module = discreet_module(
        {"looks": {"type": "list", "elements": "dict", "required": True, "options": spec}}, "looks"
    )
    looks = [
        {"kind": kind, "options": check(module, LOOKS[kind][0], options, f"{kind}: ")}
        for kind, options in ((one["kind"], one["options"]) for one in module.params["looks"])
    ]
    module.exit_json(changed=False, found=looked(looks))


if __name__ == "__main__":
    main()
