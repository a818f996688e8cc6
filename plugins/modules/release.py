#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.release: makes a version of an application live without losing a request."""

from __future__ import annotations

DOCUMENTATION = """
module: release
short_description: Makes a version of an application live without losing a request
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Prepares a release with a name derived from all its inputs, starts it next to the one that serves, sends requests to
    its own socket until it passes its gate, and then switches by renaming a link. The former release is drained and
    stopped.
  - The same inputs make the same release, so a second run has nothing to do. The next run finishes a killed one.
  - The role P(asgi.deploy.app#role) uses it, and computes all of its arguments.
attributes:
  check_mode: {support: full, description: Reports whether a release would be made; changes nothing.}
  diff_mode: {support: full, description: Shows the release that serves and the one that would serve.}
options:
  leave_stopped:
    description:
      - Whether a stopped application stays stopped, as with the playbook C(asgi.deploy.site). Only the settings that it
        starts with, and the rules that close the cloud's metadata service, are updated. Otherwise it is refused.
    type: bool
    default: false
  certificate:
    description:
      - The name of a certificate that is obtained at the same time, as M(asgi.deploy.certificate) does. The release
        does not wait for it, so this is not for an application that terminates TLS itself.
    type: str
  urgent: {description: "Whether to skip the watch, but not the gate.", type: bool, default: false}
  port:
    description:
      - Files that move the port of visitors between nginx and the application as its release goes live, as options of
        M(asgi.deploy.files). Such a release is not watched, as it cannot be rolled back.
    type: dict
    suboptions:
      goes_to:
        description:
          - As O(asgi.deploy.files#module:port_goes_to). With V(sockets) the port moves before the switch, and the
            gate is checked once more after it; if that fails, the files are restored. With V(service) it moves
            after the switch.
        type: str
        choices: [service, sockets]
        required: true
      files:
        description: The files.
        type: list
        elements: dict
        required: true
        suboptions:
          path: {description: Its absolute path., type: str, required: true}
          state:
            description: The kind of the entry.
            type: str
            choices: [file, directory, link, absent]
            default: file
          content: {description: The text of a file., type: str}
          target: {description: The target of a link., type: str}
          secret_content: {description: The text of a file that is never shown., type: str}
          mode: {description: Its mode in octal., type: str}
          owner: {description: Its owner., type: str, default: root}
          group: {description: Its group., type: str, default: root}
          exclusive: {description: "Whether all else below a directory is removed.", type: bool, default: false}
      validate:
        description: The command that must succeed with the new files in place.
        type: list
        elements: str
        required: true
      reload: {description: The service that reads the files., type: str, required: true}
extends_documentation_fragment: [asgi.deploy.run, asgi.deploy.release_inputs]
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
  description: The release that serves, or in check mode would serve.
  type: str
  returned: success, null in check mode where its name cannot be known yet
  sample: v1.4.2-1a2b3c4d
commit:
  description: The commit that the version named.
  type: str
  returned: if the application comes from git, null if it could not be resolved
source: {description: Where the code of the release comes from., type: dict, returned: if it could be resolved}
trusted_at_first_use:
  description: Keys of git servers that this host trusts, or in check mode would trust, because it saw them first.
  type: list
  elements: dict
  returned: except after a rollback
  contains:
    host: {description: The server., type: str, returned: always}
    fingerprint: {description: The key's fingerprint., type: str, returned: always}
    line: {description: What to write in C(known_hosts) of the entry., type: str, returned: always}
before: {description: The release that served before., type: str, returned: "success, null if none did"}
stopped:
  description:
    - Since when and by whom the application is stopped. Then nothing was released; RV(release) is what would be.
  type: str
  returned: if the application is stopped, null in check mode if it is not
  sample: stopped since 2026-11-30 11:20:05 UTC by ada
before_commit: {description: Its commit., type: str, returned: "in check mode, null if it did not come from git"}
dependencies:
  description:
    - The file that RV(before) was built from, by its path in the application's folder; V(package) for a package, and
      empty if it is not known.
  type: str
  returned: in check mode
  sample: uv.lock
python:
  description: The Python that the host would fetch, and from where; empty if it has the one that is requested.
  type: str
  returned: in check mode
  sample: 3.14.10, fetched from https://mirror.example.com/python/20261110/cpython-3.14.10%2B20261110-x86_64-unknown-linux-gnu-install_only.tar.gz
state_in_memory:
  description: Distributions of RV(before) that keep state of visitors in the memory of a worker.
  type: list
  elements: str
  returned: in check mode
  sample: [python-socketio]
health: {description: "What is wrong with the live release.", type: str, returned: in check mode}
noted:
  description: Whether the host has recorded the same settings of gate, watch and trust, and a manifest of the release.
  type: bool
  returned: in check mode
left: {description: The steps of a release that remain., type: list, elements: str, returned: in check mode}
metadata:
  description:
    - What would be done about the rules of nft for the cloud's metadata service. V(close) or V(open) it to the
      application, V(close_builds) to its builds only, V(renew) rules that differ, or V(remove) them if the kernel takes
      none.
  type: str
  returned: in check mode, null if nothing
damage:
  description: How releases differ from their manifests, by their names; intact releases are missing.
  type: dict
  returned: in check mode
  contains:
    NAME: {description: How., type: list, elements: str}
loose: {description: Owners and modes that differ., type: list, elements: str, returned: in check mode}
unrecorded: {description: Releases that have no manifest yet., type: list, elements: str, returned: in check mode}
steps:
  description: Seconds that each step took, by its name.
  type: dict
  returned: success
  contains:
    NAME: {description: Seconds., type: float}
certificate:
  description: The result of the certificate.
  type: dict
  returned: with O(certificate)
  contains:
    changed: {description: Whether another one is served., type: bool, returned: except after an error}
    problem: {description: Why the CA issued none., type: str, returned: if it issued none}
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import release as act_release
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_release)


if __name__ == "__main__":
    main()
