#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.look: inspects a host, in one round trip."""

from __future__ import annotations

DOCUMENTATION = """
module: look
short_description: Inspects a host, in one round trip
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Reports what differs from the desired state, so that tasks are skipped, without a round trip, if nothing differs.
  - M(asgi.deploy.survey) calls it with the desired state of roles and applications.
options:
  looks:
    description:
      - What to inspect. Not shown, as it may hold secrets.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description:
          - V(parts) for packages, files, units and the like, V(release) and V(removal) for an application, V(hardening)
            for the host, V(facts) for the facts that decisions depend on.
        type: str
        choices: [facts, hardening, parts, release, removal]
        required: true
      options:
        description:
          - The options of M(asgi.deploy.release), M(asgi.deploy.remove) and M(asgi.deploy.harden).
          - For V(parts) they are C(packages), C(files) and C(reload) as in M(asgi.deploy.files), C(units) that must be
            enabled and active, C(needs), C(users), C(no_users), C(ports), C(server_names), C(certificates),
            C(lineages), C(archives) and C(venvs).
        type: dict
        required: true
extends_documentation_fragment: [asgi.deploy.info]
"""

EXAMPLES = """
- name: Inspect the host
  asgi.deploy.look:
    looks:
      - kind: parts
        options: {packages: [nginx], units: [nginx.service], ports: [80, 443]}
"""

RETURN = """
found:
  description: What each of O(looks) found.
  type: list
  elements: dict
  returned: success
  contains:
    failed:
      description: Why the inspection failed; then there is no other key.
      type: str
      returned: if it failed
    distribution:
      description: The name of the system.
      type: str
      returned: for V(facts)
    distribution_version:
      description: Its version.
      type: str
      returned: for V(facts)
    distribution_major_version:
      description: The first number of its version.
      type: str
      returned: for V(facts)
    distribution_release:
      description: Its codename.
      type: str
      returned: for V(facts)
    processor_nproc:
      description: The CPUs that processes may use.
      type: int
      returned: for V(facts)
    memtotal_mb:
      description: The memory, in MiB.
      type: int
      returned: for V(facts)
    all_ipv6_addresses:
      description: Addresses, without that of the loopback.
      type: list
      elements: str
      returned: for V(facts)
    nameservers:
      description: The name servers that programs ask.
      type: list
      elements: str
      returned: for V(facts)
    nftables:
      description: Whether the kernel takes rules of nft.
      type: bool
      returned: for V(facts)
    versions:
      description: Versions of installed programs, by their names.
      type: dict
      returned: for V(facts)
      contains:
        NAME: {description: Its numbers., type: str}
    missing_packages:
      description: Debian packages that are not installed.
      type: list
      elements: str
      returned: for V(parts) and V(hardening)
    drift:
      description: Paths of files that differ, and a service that has not read them.
      type: list
      elements: str
      returned: for V(parts)
    inactive_units:
      description: Units that do not run, or do not start at boot.
      type: list
      elements: str
      returned: for V(parts)
    unmet_needs:
      description: What is wrong with units that are needed.
      type: list
      elements: str
      returned: for V(parts)
    missing_users:
      description: Users that do not exist.
      type: list
      elements: str
      returned: for V(parts)
    altered_users:
      description: How existing users differ in shell or groups.
      type: list
      elements: str
      returned: for V(parts)
    present_users:
      description: Users that still exist.
      type: list
      elements: str
      returned: for V(parts)
    port_owners:
      description:
        - The programs that listen, by port; for an application without nginx its socket unit, even if stopped.
      type: dict
      returned: for V(parts)
      contains:
        NAME:
          description: The name of a program.
          type: str
    nginx_servers:
      description: Who has a server of nginx on a port that it holds and that was asked for, an application or a file.
      type: list
      elements: str
      returned: for V(parts)
    server_owners:
      description: The applications that have a server in nginx with one of the names.
      type: list
      elements: str
      returned: for V(parts)
    outdated_venvs:
      description: Paths of virtual environments that are to be built.
      type: list
      elements: str
      returned: for V(parts)
    missing_archives:
      description: SHA-256 of archives that have not been shipped.
      type: list
      elements: str
      returned: for V(parts)
    pending_certificates:
      description: Why certificates must be obtained, by their names.
      type: dict
      returned: for V(parts)
      contains:
        NAME:
          description: The reason.
          type: str
    lineages:
      description: Names that certbot has a certificate for.
      type: list
      elements: str
      returned: for V(parts)
    changed:
      description: Whether anything would be done.
      type: bool
      returned: for V(release) and V(removal)
    release:
      description: As in M(asgi.deploy.release).
      type: str
      returned: for V(release), null where its name cannot be known yet
    before:
      description: As in M(asgi.deploy.release).
      type: str
      returned: for V(release), null if none served
    stopped:
      description: As in M(asgi.deploy.release).
      type: str
      returned: for V(release), null if it is not
    before_commit:
      description: As in M(asgi.deploy.release).
      type: str
      returned: if it is known, null if it did not come from git
    dependencies:
      description: As in M(asgi.deploy.release).
      type: str
      returned: if it is known
    python: {description: As in M(asgi.deploy.release)., type: str, returned: for V(release)}
    state_in_memory:
      description: As in M(asgi.deploy.release).
      type: list
      elements: str
      returned: if it is known
    commit:
      description: As in M(asgi.deploy.release).
      type: str
      returned: if it is known, null if it does not come from git
    source:
      description: As in M(asgi.deploy.release).
      type: dict
      returned: if it is known
    trusted_at_first_use:
      description: As in M(asgi.deploy.release).
      type: list
      elements: dict
      returned: for V(release)
      contains:
        host:
          description: The server.
          type: str
          returned: always
        fingerprint:
          description: The key's fingerprint.
          type: str
          returned: always
        line:
          description: What to write in C(known_hosts) of the entry.
          type: str
          returned: always
    health: {description: As in M(asgi.deploy.release)., type: str, returned: for V(release)}
    noted: {description: As in M(asgi.deploy.release)., type: bool, returned: for V(release)}
    damage:
      description: As in M(asgi.deploy.release).
      type: dict
      returned: for V(release)
      contains:
        NAME:
          description: How it is damaged.
          type: list
          elements: str
    loose:
      description: As in M(asgi.deploy.release).
      type: list
      elements: str
      returned: for V(release)
    unrecorded:
      description: As in M(asgi.deploy.release).
      type: list
      elements: str
      returned: for V(release)
    steps:
      description: As in M(asgi.deploy.release).
      type: dict
      returned: for V(release)
    left:
      description: As in M(asgi.deploy.release).
      type: list
      elements: str
      returned: for V(release)
    metadata:
      description: As in M(asgi.deploy.release).
      type: str
      returned: for V(release), null if nothing
    parts:
      description: The names of what would be done.
      type: list
      elements: str
      returned: for V(hardening)
    refusals:
      description: Why nothing would be done.
      type: list
      elements: str
      returned: for V(hardening)
    reboot_required:
      description: Whether an upgrade waits for a reboot.
      type: bool
      returned: for V(hardening)
    replaced:
      description: What runs libraries that an upgrade has replaced, applications by their names and C(nginx).
      type: dict
      returned: for V(hardening)
      contains:
        NAME:
          description: One of them.
          type: dict
          contains:
            files: {description: Paths of these libraries., type: list, elements: str, returned: always}
            since: {description: When the first was replaced., type: float, returned: "always, null if not known"}
    diff:
      description: The differences of files.
      type: list
      elements: dict
      returned: for V(parts) and V(hardening)
      contains:
        before:
          description: The text on the host.
          type: str
          returned: always
        after:
          description: The desired text.
          type: str
          returned: always
        before_header:
          description: What the text belongs to.
          type: str
          returned: always
        after_header:
          description: The same.
          type: str
          returned: always
"""

from typing import TYPE_CHECKING, cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.survey.inspections import inspect_all
from ansible_collections.asgi.deploy.plugins.module_utils._module import check, discreet_module
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import INSPECTION_OPTIONS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import Inspection
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs


def main() -> None:
    """Run the module."""
    spec: OptionSpecs = {
        "kind": {"type": "str", "choices": sorted(INSPECTION_OPTIONS), "required": True},
        "options": {"type": "dict", "required": True},
    }
    module = discreet_module(
        {"looks": {"type": "list", "elements": "dict", "required": True, "options": spec}}, "looks"
    )
    looks = [
        {"kind": kind, "options": check(module, INSPECTION_OPTIONS[kind], options, f"{kind}: ")}
        for kind, options in ((look["kind"], look["options"]) for look in module.params["looks"])
    ]
    module.exit_json(changed=False, found=inspect_all(cast("list[Inspection]", looks)))


if __name__ == "__main__":
    main()
