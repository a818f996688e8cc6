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
    description: How many of the last attempts in the audit trail to return.
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
  returned: success, null if none does
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
unpinned:
  description: What of the option C(server_requirements) the live release has that came without a hash.
  type: list
  elements: str
  returned: success
  sample: [gunicorn==26.0.0]
plain_transports:
  description: What the live release takes over a plain transport, as C(insecure_transport) of its entry allows.
  type: list
  elements: str
  returned: success
  sample: [git http://git.example.com/shop.git]
trusted_at_first_use:
  description:
    - The keys of git's servers that this host trusts because it saw them first, where the entry has no C(known_hosts).
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
      description: As systemd has it.
      type: str
      returned: if a release is live
    restarts:
      description: How often it was started again.
      type: int
      returned: if a release is live
    failed:
      description: What to know of one that has failed for good; empty when it has not.
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
      description: One of them, by name and number.
      type: dict
      contains:
        state:
          description: As systemd has it.
          type: str
          returned: always
        restarts:
          description: How often it was started again.
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
          description: Of its schedule, as systemd has it.
          type: str
          returned: always
        next:
          description: When it is due.
          type: str
          returned: always, null if it is not
        last:
          description: When it was due.
          type: str
          returned: always, null if it never was
        result:
          description: How it ended; V(success) for one that never ran.
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
          description: The version that was asked for.
          type: str
          returned: always, null if it was not prepared to the end
        previous:
          description: The release that served before it.
          type: str
          returned: always, null if none did
        states:
          description: When it reached each state, as seconds of the epoch.
          type: dict
          returned: always, null if it was not prepared to the end
        running:
          description: Whether it runs.
          type: bool
          returned: always
        damage:
          description: How it differs from its manifest; empty where it does not, or has none.
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
  description: What the collection itself has on the host, C(uv) and C(certbot), with their versions.
  type: dict
  returned: success
deploys:
  description: The last attempts in the audit trail. Times are seconds of the epoch.
  type: list
  elements: dict
  returned: success
  contains:
    id:
      description: What its two lines have in common.
      type: str
      returned: if the trail has it
    by:
      description: Who asked for it.
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
      returned: always, null while it goes on, and for a run that was killed
    version:
      description: The version that was asked for.
      type: str
      returned: for a release
    from:
      description: The release that served before.
      type: str
      returned: for a release and a rollback, null if none did
    to:
      description: The release that was to serve.
      type: str
      returned: for a release and a rollback, null if its name was not known
    serves:
      description: The release that served at its end.
      type: str
      returned: for a release and a rollback that have ended, null if none did
    finishes:
      description: The C(id) of the attempt that put the release live, was cut off, and is brought to its end by this.
      type: str
      returned: for a release that does so
    rollback:
      description: Whether it was one.
      type: bool
      returned: for a rollback
    steps:
      description: Seconds that each step took.
      type: dict
      returned: for a release and a rollback
    restart:
      description: The release that was restarted.
      type: str
      returned: for a restart
    pause:
      description: The release that was paused.
      type: str
      returned: for a pause
    resume:
      description: The release that went on.
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
      description: The application that was to be removed.
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
      returned: for a command whose end its run has seen
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import release_info as act_release_info
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    run_act(act_release_info)


if __name__ == "__main__":
    main()
