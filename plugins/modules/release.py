#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.release: puts a version of an application live without losing a request."""

from __future__ import annotations

DOCUMENTATION = """
module: release
short_description: Puts a version of an application live without losing a request
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Prepares a release with a name made from all its inputs, starts it beside the one that serves, asks it on its own
    socket until it has proven itself, and then switches by renaming a link. The release before is drained and stopped.
  - The same inputs make the same release, so a second run has nothing to do.
  - Until the switch the release that serves is not touched. A run that is killed leaves no lock, and the next run
    finishes its work.
  - Used by the role P(asgi.deploy.app#role), which computes all of its arguments.
attributes:
  check_mode:
    support: full
    description: Looks the version up and tells whether a release would be made; changes nothing.
  diff_mode:
    support: full
    description: Shows the release that serves and the one that would.
options:
  wanted:
    description: All that makes the release what it is, and how it is put live.
    type: dict
    required: true
    suboptions:
      source:
        description: Where the application's code comes from.
        type: dict
        required: true
        suboptions:
          kind:
            description: What it is.
            type: str
            choices: [git, archive, package]
            required: true
          url:
            description: Of a repository, or of an archive that the host fetches.
            type: str
          sha256:
            description: The checksum of an archive, by which one that was shipped is found.
            type: str
          name:
            description: What an archive is called in messages.
            type: str
          requirement:
            description: The distribution to install, with its version.
            type: str
          subdirectory:
            description: The folder that the application lies in.
            type: str
          submodules:
            description: Whether to fetch a repository's submodules.
            type: bool
            default: false
          signers:
            description: Public SSH keys, one of which must have signed the commit, or the tag that the version names.
            type: list
            elements: str
            default: []
          deploy_key:
            description: The text of a private SSH key that lets read the repository.
            type: str
          known_hosts:
            description:
              - Lines of known_hosts by which servers of the repository and its submodules prove themselves over SSH.
              - Without them the host trusts the key that it sees first, and from then on no other.
            type: list
            elements: str
            default: []
          plain_allowed:
            description: Whether the repository and its submodules may come over a transport that does not protect them.
            type: bool
            default: false
      version:
        description: Tag, branch or commit of a repository; for the others what the release is called.
        type: str
        required: true
      files:
        description: Configuration files of the release, by name. Readable by the application alone.
        type: dict
        required: true
      environment:
        description: Text of the application's environment file. Readable by root alone.
        type: str
        required: true
      secrets:
        description:
          - Secrets of the application, by name. On the host they are credentials of systemd, encrypted, and readable by
            the release's units alone.
          - Another value makes another release, by whose name nobody can guess it.
        type: dict
        default: {}
      tree:
        description: What is added to the release's source.
        type: dict
        required: true
        suboptions:
          files: {description: "Contents of files in Base64, by their paths in the tree.", type: dict, required: true}
          links:
            description: Directories that outlive the release, by their paths in the tree.
            type: dict
            required: true
          static:
            description: Folders of the tree that nginx serves, by the beginnings of their URLs.
            type: dict
            required: true
      units:
        description:
          - Text of the release's units C(service), C(socket), C(drain) and, if there is a release command, C(command).
          - Besides C(process-NAME-NUMBER) of its processes, C(job-NAME) and C(timer-NAME) of its jobs, and C(live), the
            target of these.
          - C(%i) in them is the release.
        type: dict
        required: true
      packages:
        description:
          - Debian packages that it takes. Where M(asgi.deploy.install) has begun to install them for later this waits
            for it, and where they are missing it installs them.
        type: list
        elements: str
        default: []
      server_requirements:
        description: What is installed beside the application's own requirements.
        type: list
        elements: str
        required: true
      installer:
        description: What builds virtual environments.
        type: str
        choices: [auto, uv, pip]
        default: auto
      build:
        description:
          - Lines of a unit's section C(Service) that say what programs may do and see that build its environment. They
            run as a user of the application's builds, as packages without wheels bring code of their own.
        type: list
        elements: str
        required: true
      build_hosts:
        description:
          - The names and addresses of hosts that its build reaches, by what these are when it starts, and no others but
            proxies of the environment. By default it reaches all.
        type: list
        elements: str
      python:
        description: V(system), a version, or the path of an interpreter on the host.
        type: str
        default: system
      extras: {description: Extras of the application to install., type: list, elements: str, default: []}
      requirements: {description: The file that lists what the application needs., type: str}
      dependency_groups: {description: Dependency groups to install., type: list, elements: str, default: []}
      index:
        description: The index to use in the place of the host's own.
        type: dict
        suboptions:
          url: {description: "Its address, without a password.", type: str, required: true}
          username:
            description: Who asks.
            type: str
          password:
            description: His password or token.
            type: str
      server_lock:
        description:
          - Of what serves the application, all that is installed by hashes, as requirements that have them. Others of
            O(wanted.server_requirements) are installed without.
        type: str
        default: ""
      require_hashes:
        description: Whether nothing may be installed that has no hash, and nothing be built.
        type: bool
        default: false
      insecure_transport: {description: Whether requirements may use a plain transport., type: bool, default: false}
      wheelhouse:
        description: SHA-256 of the archive of wheels that was shipped; with it no index is asked.
        type: str
      host_name:
        description: The host name that the gate asks for.
        type: str
        required: true
      gate:
        description: What the release must answer before it gets traffic.
        type: dict
        required: true
        suboptions:
          path: {description: The path asked for., type: str, required: true}
          status:
            description: The answers that pass, as numbers or classes such as V(2xx).
            type: list
            elements: str
            required: true
          timeout: {description: Seconds in which the gate must be passed., type: int, required: true}
          successes: {description: Answers in a row that pass., type: int, required: true}
          workers: {description: Processes that must all have answered., type: int, required: true}
          uptime:
            description: Seconds that the service, and each worker that has answered, must have stayed up.
            type: int
            required: true
          recycles: {description: Whether workers end after their share of requests., type: bool, default: false}
      watch:
        description: What takes a release back in its first seconds.
        type: dict
        required: true
        suboptions:
          seconds: {description: How long it is watched; V(0) for not at all., type: int, required: true}
          error_percent: {description: The share of server errors that is too much., type: int, required: true}
          errors: {description: Server errors that must have been seen for that., type: int, required: true}
      verify:
        description: Whether to read all files of what was made before, instead of what their times tell of it.
        type: bool
        default: false
      keep:
        description: Releases kept on the host.
        type: int
        required: true
      worker_count: {description: Worker processes; noted for M(asgi.deploy.release_info)., type: int, required: true}
      workers_reason: {description: Why it is that number., type: str, required: true}
      sandbox:
        description: What differs from the sandbox that every application has; noted for M(asgi.deploy.release_info).
        type: dict
        default: {}
      metadata:
        description: To whom the cloud's metadata service is closed on the host.
        type: dict
        required: true
        suboptions:
          by_nft: {description: "By rules of nft; else lines of units do what they can.", type: bool, required: true}
          application: {description: "To the application, and not only to its builds.", type: bool, required: true}
          ports:
            description: Ports of sockets that systemd made for the application, which count as the application's.
            type: list
            elements: int
            default: []
          outgoing: {description: "The networks to which it may connect by these ports.", type: list, elements: str}
      plain_transports:
        description: What comes over a transport that does not protect it; noted for M(asgi.deploy.release_info).
        type: list
        elements: str
        default: []
  leave_stopped:
    description:
      - Whether an application that is stopped is left so, as by the playbook C(asgi.deploy.site). Only the settings by
        which it starts, and the rules that close the cloud's metadata service, are brought up to date. Otherwise it is
        refused.
    type: bool
    default: false
  certificate:
    description:
      - The name of a certificate that is got meanwhile, as M(asgi.deploy.certificate) does. The release goes live
        without waiting for it, so this is not for an application that ends TLS itself.
    type: str
  urgent: {description: "Whether to watch nothing; the gate is asked all the same.", type: bool, default: false}
  port:
    description:
      - What moves the port of visitors between nginx and the application as its release goes live, as options of
        M(asgi.deploy.files). Such a release is not watched, as there is no way back for it.
    type: dict
    suboptions:
      goes_to:
        description:
          - As O(files.port_goes_to) of M(asgi.deploy.files). With V(sockets) the port moves before the switch, and the
            gate is asked once more after it; what fails is put back as it was. With V(service) it moves after the
            switch.
        type: str
        choices: [service, sockets]
        required: true
      files:
        description: The files.
        type: list
        elements: dict
        required: true
        suboptions:
          path: {description: Where it is., type: str, required: true}
          state:
            description: What it is.
            type: str
            choices: [file, directory, link, absent]
            default: file
          content: {description: The text of a file., type: str}
          target: {description: What a link leads to., type: str}
          secret_content: {description: "The same, of a file whose text is not to be shown anywhere.", type: str}
          mode: {description: Its mode in octal., type: str}
          owner: {description: Its owner., type: str, default: root}
          group: {description: Its group., type: str, default: root}
          exclusive: {description: "Of a directory, whether nothing else may be below it.", type: bool, default: false}
      validate:
        description: The command that must succeed with the new files in place.
        type: list
        elements: str
        required: true
      reload: {description: The service that reads the files., type: str, required: true}
extends_documentation_fragment: [asgi.deploy.run]
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
  description: The release that serves, or in check mode would.
  type: str
  returned: success, null in check mode where its name cannot be known yet
  sample: v1.4.2-1a2b3c4d
commit:
  description: The commit that the version named.
  type: str
  returned: if the application comes from git, null where it could not be looked up
source: {description: Where the code of the release comes from., type: dict, returned: if that could be looked up}
trusted_at_first_use:
  description: The keys of git's servers that this host trusts, or in check mode would, because it saw them first.
  type: list
  elements: dict
  returned: but after going back
  contains:
    host: {description: The server., type: str, returned: always}
    fingerprint: {description: The key's fingerprint., type: str, returned: always}
    line: {description: What to write in C(known_hosts) of the entry., type: str, returned: always}
before: {description: The release that served before., type: str, returned: "success, null if none did"}
stopped:
  description:
    - Since when the application is stopped, and by whom. Nothing was released then, and RV(release) is what would be.
  type: str
  returned: where the application is stopped, null in check mode where it is not
  sample: stopped since 2026-11-30 11:20:05 UTC by ada
before_commit: {description: Its commit., type: str, returned: "in check mode, null if it did not come from git"}
health: {description: "What is wrong with the live release, or not proven.", type: str, returned: in check mode}
noted:
  description: Whether the host goes by the same settings of gate, watch and trust already, and has a manifest of it.
  type: bool
  returned: in check mode
left: {description: The steps of a release that are left to do., type: list, elements: str, returned: in check mode}
metadata:
  description:
    - What would be done about the rules of nft for the cloud's metadata service. V(close) or V(open) it to the
      application, V(close_builds) to its builds only, V(renew) rules that are not as they are to be, or V(remove) them
      where the kernel takes none.
  type: str
  returned: in check mode, null if nothing
damage:
  description: How releases differ from their manifests, by their names; none that is whole.
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
  description: What became of the certificate.
  type: dict
  returned: with O(certificate)
  contains:
    changed: {description: Whether another one is served., type: bool, returned: but after an error}
    problem: {description: Why the CA gave none., type: str, returned: when it gave none}
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import release as act_release
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    run_act(act_release)


if __name__ == "__main__":
    main()
