#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.release_info: the releases of an application on a host, and the status of the live one."""

from __future__ import annotations

DOCUMENTATION = """
module: release_info
short_description: Returns the releases of an application on a host, and the status of the live one
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Changes nothing.
options:
  name:
    description: The application's name.
    type: str
    required: true
  deploys:
    description: How many of the last attempts in the audit trail to return.
    type: int
    default: 10
extends_documentation_fragment: [asgi.deploy.info]
"""

EXAMPLES = """
- name: Read which release serves
  asgi.deploy.release_info:
    name: shop
  register: shop
"""

RETURN = """
live:
  description: The release that serves.
  type: str
  returned: success, null if none does
health:
  description: What is wrong with the live release, its service or a background process; empty if nothing is.
  type: str
  returned: success
workers:
  description: Processes of the live release's service, its supervisor included.
  type: int
  returned: success
worker_count:
  description: Worker processes that the live release runs.
  type: int
  returned: success
workers_reason:
  description: Why it is that number.
  type: str
  returned: success
  sample: "io_bound: 2 x 2 CPUs + 1"
sandbox:
  description: How the sandbox of the live release differs from the default sandbox.
  type: dict
  returned: success
  sample: {jit: true}
dependencies:
  description:
    - The file that the live release was built from, by its path in the application's folder; V(package) for a package,
      and empty if it is not known.
  type: str
  returned: success
  sample: uv.lock
unpinned:
  description: Packages of the option C(server_requirements) in the live release that were installed without a hash.
  type: list
  elements: str
  returned: success
  sample: [gunicorn==26.0.0]
plain_transports:
  description: Sources of the live release with an unprotected transport, as C(insecure_transport) allows.
  type: list
  elements: str
  returned: success
  sample: [git http://git.example.com/shop.git]
trusted_at_first_use:
  description:
    - Keys of git servers that this host trusts because it saw them first; the entry has no C(known_hosts).
  type: list
  elements: dict
  returned: success
  contains:
    host:
      description: The server.
      type: str
      returned: always
    fingerprint:
      description: The key's fingerprint.
      type: str
      returned: always
      sample: SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU
    line:
      description: What to write in C(known_hosts) of the entry.
      type: str
      returned: always
service:
  description: The live release's service.
  type: dict
  returned: success
  contains:
    state:
      description: As systemd shows it.
      type: str
      returned: if a release is live
    restarts:
      description: How often systemd restarted it.
      type: int
      returned: if a release is live
    failed:
      description: Why it has failed for good; empty if it has not.
      type: str
      returned: if a release is live
memory:
  description: Bytes that the service's processes use.
  type: int
  returned: success
processes:
  description: The background processes of the live release.
  type: dict
  returned: success
  contains:
    NAME:
      description: A process, by name and number.
      type: dict
      contains:
        state:
          description: As systemd shows it.
          type: str
          returned: always
        restarts:
          description: How often systemd restarted it.
          type: int
          returned: always
        failed:
          description: As for the service.
          type: str
          returned: always
        memory:
          description: Bytes that it uses.
          type: int
          returned: always
jobs:
  description: The jobs of the live release.
  type: dict
  returned: success
  contains:
    NAME:
      description: One of them, by its name.
      type: dict
      contains:
        state:
          description: Of its timer, as systemd shows it.
          type: str
          returned: always
        next:
          description: When it runs next.
          type: str
          returned: always, null if it is not
        last:
          description: When it last ran.
          type: str
          returned: always, null if it never was
        result:
          description: How it ended; V(success) for a job that never ran.
          type: str
          returned: always, null if systemd does not know
releases:
  description: The releases on the host.
  type: dict
  returned: success
  contains:
    NAME:
      description: One of them, by its name.
      type: dict
      contains:
        source:
          description: Where its code came from.
          type: dict
          returned: always, null if it was not prepared to the end
        commit:
          description: Its commit.
          type: str
          returned: always, null if it did not come from git
        version:
          description: The version that was requested.
          type: str
          returned: always, null if it was not prepared to the end
        previous:
          description: The release that served before it.
          type: str
          returned: always, null if none did
        states:
          description: When it reached each state, in seconds since the epoch.
          type: dict
          returned: always, null if it was not prepared to the end
        running:
          description: Whether it runs.
          type: bool
          returned: always
        damage:
          description: How it differs from its manifest; empty if it does not, or has none.
          type: list
          elements: str
          returned: always
        failed:
          description: Why it failed.
          type: str
          returned: always, null if it did not
packages:
  description: The distributions in the live release's virtual environment, by name, with their versions.
  type: dict
  returned: success
  sample: {uvicorn: 0.54.0}
tools:
  description: The tools of the collection on the host, C(uv) and C(certbot), with their versions.
  type: dict
  returned: success
deploys:
  description: The last attempts in the audit trail. Times are seconds since the epoch.
  type: list
  elements: dict
  returned: success
  contains:
    id:
      description: The same in both lines of an attempt.
      type: str
      returned: if the trail has it
    by:
      description: The user who ran it.
      type: str
      returned: always
    result:
      description:
        - V(live), V(unchanged), V(failed), V(ended) for a run that was cut off, V(running) for one that goes on,
          V(paused), V(stopped), V(removed), or how a command ended.
      type: str
      returned: always
    reason:
      description: Why it failed.
      type: str
      returned: if it did
    started:
      description: When it began.
      type: float
      returned: always
    ended:
      description: When it ended.
      type: float
      returned: always, null while it runs, and for a run that was killed
    version:
      description: The version that was requested.
      type: str
      returned: for a release
    from:
      description: The release that served before.
      type: str
      returned: for a release and a rollback, null if none did
    to:
      description: The release that had to serve.
      type: str
      returned: for a release and a rollback, null if its name was not known
    serves:
      description: The release that served in the end.
      type: str
      returned: for a release and a rollback that have ended, null if none did
    finishes:
      description: The C(id) of the attempt that was cut off and that this one finishes.
      type: str
      returned: for a release that does so
    rollback:
      description: Whether it was a rollback.
      type: bool
      returned: for a rollback
    steps:
      description: Seconds that each step took.
      type: dict
      returned: for a release and a rollback
    commands:
      description: Its release commands, in their order, without secrets.
      type: list
      elements: dict
      returned: for a release that has begun one
      contains:
        command: {description: The command., type: str, returned: always}
        started: {description: When it began., type: float, returned: always}
        ended: {description: When it ended., type: float, returned: if its run saw that}
        result: {description: How it ended., type: str, returned: if its run saw that}
    restart:
      description: The release that was restarted.
      type: str
      returned: for a restart
    pause:
      description: The release that was paused.
      type: str
      returned: for a pause
    resume:
      description: The release that resumed.
      type: str
      returned: for its end
    stop:
      description: The release that was stopped.
      type: str
      returned: for a stop
    start:
      description: The release that was started.
      type: str
      returned: for its end
    remove:
      description: The application that had to be removed.
      type: str
      returned: for a removal that was cut off or failed
    exec:
      description: The command.
      type: str
      returned: for a command
    release:
      description: The release that it ran in.
      type: str
      returned: for a command
    status:
      description: Its exit status.
      type: int
      returned: for a command whose run saw its end
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import release_info as act_release_info
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_release_info)


if __name__ == "__main__":
    main()
