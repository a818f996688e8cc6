#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.status: the status of all applications of a host, in one round trip."""

from __future__ import annotations

DOCUMENTATION = """
module: status
short_description: Returns the status of all applications of a host, in one round trip
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Changes nothing. The playbook C(asgi.deploy.status) shows what it returns as a table.
options:
  names:
    description: The applications' names; by default all that have files on the host.
    type: list
    elements: str
    default: []
  deploys:
    description: How many of the last attempts in each audit trail to return.
    type: int
    default: 5
  verify:
    description: Whether to read all files of releases, instead of comparing only their times.
    type: bool
    default: false
extends_documentation_fragment: [asgi.deploy.info]
"""

EXAMPLES = """
- name: Read the status of the host
  asgi.deploy.status:
  register: host_status
"""

RETURN = """
applications:
  description: The applications of the host.
  type: dict
  returned: success
  contains:
    NAME:
      description: An application, by its name; includes the live release as M(asgi.deploy.release_info) returns it.
      type: dict
      contains:
        live: {description: The release that serves., type: str, returned: "success, null if none does"}
        health:
          description: What is wrong with the live release, its service or a background process; empty if nothing is.
          type: str
          returned: success
        workers:
          description: Processes of the live release's service, its supervisor included.
          type: int
          returned: success
        worker_count: {description: "Worker processes that the live release runs.", type: int, returned: success}
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
          description: The file that it was built from, as M(asgi.deploy.release_info) returns it.
          type: str
          returned: success
          sample: uv.lock
        unpinned:
          description: Packages of C(server_requirements) in the live release that were installed without a hash.
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
            host: {description: The server., type: str, returned: always}
            fingerprint:
              description: The key's fingerprint.
              type: str
              returned: always
              sample: SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU
            line: {description: What to write in C(known_hosts) of the entry., type: str, returned: always}
        service:
          description: The live release's service.
          type: dict
          returned: success
          contains:
            state: {description: As systemd shows it., type: str, returned: if a release is live}
            restarts: {description: How often systemd restarted it., type: int, returned: if a release is live}
            failed:
              description: Why it has failed for good; empty if it has not.
              type: str
              returned: if a release is live
        memory: {description: "Bytes that the service's processes use.", type: int, returned: success}
        processes:
          description: The background processes of the live release.
          type: dict
          returned: success
          contains:
            NAME:
              description: A process, by name and number.
              type: dict
              contains:
                state: {description: As systemd shows it., type: str, returned: always}
                restarts: {description: How often systemd restarted it., type: int, returned: always}
                failed: {description: As for the service., type: str, returned: always}
                memory: {description: Bytes that it uses., type: int, returned: always}
        jobs:
          description: The jobs of the live release.
          type: dict
          returned: success
          contains:
            NAME:
              description: One of them, by its name.
              type: dict
              contains:
                state: {description: "Of its timer, as systemd shows it.", type: str, returned: always}
                next: {description: When it runs next., type: str, returned: "always, null if it is not scheduled"}
                last: {description: When it last ran., type: str, returned: "always, null if it never ran"}
                result:
                  description: How it ended; V(success) for a job that never ran.
                  type: str
                  returned: always, null if systemd does not know
        version:
          description: The version that was requested.
          type: str
          returned: always, null if no release is live
        commit: {description: Its commit., type: str, returned: "always, null if it did not come from git"}
        since:
          description: When the release went live, in seconds since the epoch.
          type: float
          returned: always, null if no release is live
        maintenance: {description: "Whether visitors see the maintenance page.", type: bool, returned: always}
        paused: {description: "Whether it is paused.", type: bool, returned: always}
        stopped:
          description: Since when and by whom it is stopped.
          type: str
          returned: always, null if it is not
          sample: stopped since 2026-11-30 11:20:05 UTC by ada
        metadata:
          description: The cloud's metadata service, as rules of nft close it to the application and its builds.
          type: dict
          returned: always
          contains:
            loaded:
              description: Whether the kernel still has the rules.
              type: bool
              returned: always, null if the application has none
            told:
              description: Attempts that were refused since the last release, or since the rules were loaded.
              type: list
              elements: str
              returned: always
        lost_records:
          description: How many records its journal did not keep in the last 24 hours, as they were too many at a time.
          type: int
          returned: always
          sample: 0
        damage:
          description: How releases differ from their manifests, by their names; intact releases are missing.
          type: dict
          returned: always
          contains:
            NAME: {description: How., type: list, elements: str}
        loose:
          description: Owners and modes of releases, and of the folders that hold them, that differ.
          type: list
          elements: str
          returned: always
        unrecorded:
          description: The releases that have no manifest yet.
          type: list
          elements: str
          returned: always
        draining:
          description: The releases that finish their last requests.
          type: list
          elements: str
          returned: always
        deploys:
          description: The last attempts in the audit trail. Times are seconds since the epoch.
          type: list
          elements: dict
          returned: success
          contains:
            id: {description: The same in both lines of an attempt., type: str, returned: if the trail has it}
            by: {description: The user who ran it., type: str, returned: always}
            result:
              description:
                - V(live), V(unchanged), V(failed), V(ended) for a run that was cut off, V(running) for one that goes
                  on, V(paused), V(stopped), V(removed), or the result of a command.
              type: str
              returned: always
            reason: {description: Why it failed., type: str, returned: if it failed}
            started: {description: When it began., type: float, returned: always}
            ended:
              description: When it ended.
              type: float
              returned: always, null while it runs, and for a run that was killed
            version: {description: The version that was requested., type: str, returned: for a release}
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
            rollback: {description: Whether it was a rollback., type: bool, returned: for a rollback}
            steps: {description: Seconds that each step took., type: dict, returned: for a release and a rollback}
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
            restart: {description: The release that was restarted., type: str, returned: for a restart}
            pause: {description: The release that was paused., type: str, returned: for a pause}
            resume: {description: The release that resumed., type: str, returned: for a resumption}
            stop: {description: The release that was stopped., type: str, returned: for a stop}
            start: {description: The release that was started., type: str, returned: for a start}
            remove:
              description: The application that had to be removed.
              type: str
              returned: for a removal that was cut off or failed
            exec: {description: The command., type: str, returned: for a command}
            release: {description: The release that it ran in., type: str, returned: for a command}
            status: {description: Its exit status., type: int, returned: for a command whose run saw its end}
certificates:
  description: The entries of C(/var/lib/asgi-deploy/certificates.json).
  type: dict
  returned: success
  contains:
    NAME:
      description: One of them, by its name.
      type: dict
      contains:
        name: {description: "The same.", type: str, returned: always}
        domains:
          description: The names and addresses that it is valid for.
          type: list
          elements: str
          returned: always
        source: {description: "V(acme), V(files), V(own) or V(stand-in).", type: str, returned: always}
        issuer: {description: The issuer., type: str, returned: "always, null if there is none"}
        not_after: {description: When it ends., type: str, returned: "always, null if there is none"}
        days_left: {description: Days until then., type: float, returned: "always, null if there is none"}
        last:
          description: The result of the last attempt to obtain it.
          type: dict
          returned: always, null if there was none
          contains:
            at: {description: The time of the attempt., type: str, returned: always}
            ok: {description: Whether it succeeded., type: bool, returned: always}
            text: {description: What went wrong., type: str, returned: always}
            wait:
              description: Until when the CA gets no further request, and which requests this concerns.
              type: dict
              returned: if the CA said so
host:
  description: The host itself.
  type: dict
  returned: success
  contains:
    now: {description: "Its clock, in seconds since the epoch.", type: float, returned: always}
    memory_available: {description: "Bytes.", type: int, returned: always}
    memory_total: {description: "Bytes.", type: int, returned: always}
    disk_free: {description: "Bytes, where releases are.", type: int, returned: always}
    disk_total: {description: "Bytes, where releases are.", type: int, returned: always}
    firewall:
      description: Whether the kernel still has the firewall's rules.
      type: bool
      returned: always, null if the role hardening does not manage the firewall
    replaced:
      description: What runs libraries that an upgrade has replaced, applications by their names and C(nginx).
      type: dict
      returned: always
      contains:
        NAME:
          description: One of them.
          type: dict
          contains:
            files: {description: Paths of these libraries., type: list, elements: str, returned: always}
            since: {description: When the first was replaced., type: float, returned: "always, null if not known"}
    restart:
      description: When that is restarted, without losing a request.
      type: dict
      returned: always
      contains:
        mode: {description: "V(window), V(now) or V(never).", type: str, returned: always}
        at: {description: The time of day., type: str, returned: "always, null if never"}
    system:
      description: The facts of its system.
      type: dict
      returned: always
      contains:
        distribution: {description: Its name., type: str, returned: always}
        distribution_version: {description: Its version., type: str, returned: always}
        distribution_major_version: {description: The first number of its version., type: str, returned: always}
        distribution_release: {description: Its codename., type: str, returned: always}
        versions:
          description: Versions of installed programs, by their names.
          type: dict
          returned: always
          contains:
            NAME: {description: Its numbers., type: str}
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import status as act_status
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_status)


if __name__ == "__main__":
    main()
