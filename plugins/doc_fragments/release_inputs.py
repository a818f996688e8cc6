"""The option that describes a release: its inputs, and how it goes live."""

from __future__ import annotations


class ModuleDocFragment:
    """A fragment, as Ansible loads it."""

    DOCUMENTATION = """
options:
  desired:
    description: The inputs of the release, and how it goes live.
    type: dict
    required: true
    suboptions:
      source:
        description: Where the application's code comes from.
        type: dict
        required: true
        suboptions:
          kind: {description: The kind of the source., type: str, choices: [git, archive, package], required: true}
          url: {description: "The URL of a repository, or of an archive that the host fetches.", type: str}
          sha256: {description: The checksum of an archive; one that was shipped is found by it., type: str}
          name: {description: The name of an archive in messages., type: str}
          requirements:
            description: Distributions to install, each with its version; the first is the application.
            type: list
            elements: str
            default: []
          subdirectory: {description: The folder that the application lies in., type: str}
          submodules: {description: Whether to fetch a repository's submodules., type: bool, default: false}
          signers:
            description: Public SSH keys, one of which must have signed the commit, or the tag that the version names.
            type: list
            elements: str
            default: []
          deploy_key: {description: The text of a private SSH key that may read the repository., type: str}
          known_hosts:
            description:
              - Lines of known_hosts for the servers of the repository and its submodules. Without them the host
                trusts the key that it sees first, and later no other.
            type: list
            elements: str
            default: []
          plain_allowed:
            description: Whether the repository and its submodules may come over a transport that does not protect them.
            type: bool
            default: false
      version:
        description: Tag, branch or commit of a repository; for other sources the name of the version.
        type: str
        required: true
      files:
        description: Configuration files of the release, by name. Only the application can read them.
        type: dict
        required: true
      environment:
        description: Text of the application's environment file. Only root can read it.
        type: str
        required: true
      secrets:
        description:
          - Secrets of the application, by name. On the host they are encrypted credentials of systemd, which only the
            release's units can read.
          - Another value makes another release, and its name does not reveal the value.
        type: dict
        default: {}
      tree:
        description: What is added to the release's source.
        type: dict
        required: true
        suboptions:
          files: {description: "Contents of files in Base64, by their paths in the tree.", type: dict, required: true}
          links:
            description: Directories and files that outlive the release, by their paths in the tree.
            type: dict
            required: true
          static:
            description: Folders of the tree that nginx serves, by the beginnings of their URLs.
            type: dict
            required: true
      units:
        description:
          - Text of the release's units C(service), C(socket), C(drain) and, with a release command, C(command).
          - C(process-NAME-NUMBER) of its processes, C(job-NAME) and C(timer-NAME) of its jobs, and the target C(live).
          - C(%i) in them is the release. Its file C(python_path), for C(EnvironmentFile=), has the folders of modules.
        type: dict
        required: true
      packages:
        description:
          - Debian packages that it needs; missing ones are installed, and those in the background waited for.
        type: list
        elements: str
        default: []
      server:
        description: The server, such as C(gunicorn), to compare it with versions that the application has itself.
        type: str
        default: ""
      server_requirements: {description: Distributions of the server., type: list, elements: str, required: true}
      installer:
        description: The program that builds virtual environments.
        type: str
        choices: [auto, uv, pip]
        default: auto
      build:
        description:
          - Lines of the section C(Service) of a unit that restrict the programs that build its environment. They run as
            a user of the application's builds, as packages without wheels run code of their own.
        type: list
        elements: str
        required: true
      steps:
        description: Commands that make a part of the release, run in the sandbox of its build.
        type: dict
        required: true
        suboptions:
          commands: {description: "Each a program and its arguments.", type: list, elements: list, required: true}
          env: {description: Their variables., type: dict, required: true}
          secrets: {description: "Further variables, which are secret.", type: dict, required: true}
          network: {description: Whether they reach the network., type: bool, required: true}
      build_hosts:
        description: The hosts that its build may reach, with proxies of the environment; without it, all.
        type: list
        elements: str
      python:
        description: V(system), a version, or the path of an interpreter on the host.
        type: str
        default: system
      python_archive:
        description:
          - An archive of the interpreter, for a version that the host does not have. It is fetched by the user of the
            build, unpacked by uv, and kept as long as a release needs it.
        type: dict
        suboptions:
          url: {description: Where it is fetched., type: str, required: true}
          sha256: {description: Its checksum., type: str, required: true}
          version: {description: "Of the interpreter, with all three numbers.", type: str, required: true}
          machine: {description: "The machine that it is for, as in V(x86_64).", type: str, required: true}
      extras: {description: Extras of the application to install., type: list, elements: str, default: []}
      requirements: {description: The file that lists what the application needs., type: str}
      dependency_groups: {description: Dependency groups to install., type: list, elements: str, default: []}
      module: {description: "What is served, as in V(shop.main:app).", type: str, default: ""}
      python_path:
        description: Further folders in which its programs look for modules, relative to the application's folder.
        type: list
        elements: str
        default: []
      dependency_keys:
        description: Texts of private SSH keys for repositories of dependencies, by their URLs.
        type: dict
        default: {}
      index:
        description: The index to use instead of the host's own.
        type: dict
        suboptions:
          url: {description: "Its address, without a password.", type: str, required: true}
          username: {description: The user., type: str}
          password: {description: The user's password or token., type: str}
      package_indexes:
        description: Further indexes, each of some distributions, which come from no other one.
        type: list
        elements: dict
        default: []
        suboptions:
          name: {description: What messages call it., type: str, required: true}
          url: {description: "Its address, without a password.", type: str, required: true}
          username: {description: The user., type: str}
          password: {description: The user's password or token., type: str}
          packages:
            description: The distributions; those that a uv.lock takes from it come from it as well.
            type: list
            elements: str
            default: []
      server_lock:
        description:
          - Requirements of the server that are installed with hashes. Others of O(desired.server_requirements) are
            installed without.
        type: str
        default: ""
      require_hashes:
        description: Whether everything must have a hash, and nothing may be built.
        type: bool
        default: false
      insecure_transport: {description: Whether requirements may use a plain transport., type: bool, default: false}
      wheelhouse: {description: SHA-256 of the archive of wheels that was shipped; then no index is used., type: str}
      host_name: {description: The host name in requests of the gate., type: str, required: true}
      gate:
        description: What the release must answer before it gets traffic.
        type: dict
        required: true
        suboptions:
          path: {description: The path of the request., type: str, required: true}
          status:
            description: The answers that pass, as numbers or classes such as V(2xx).
            type: list
            elements: str
            required: true
          timeout: {description: Seconds within which the gate must be passed., type: int, required: true}
          successes: {description: Successful answers in a row., type: int, required: true}
          workers: {description: Processes that must all have answered., type: int, required: true}
          uptime:
            description: Seconds that the service, and each worker that has answered, must have stayed up.
            type: int
            required: true
          recycles: {description: Whether workers end after their share of requests., type: bool, default: false}
      watch:
        description: The conditions that roll a release back in its first seconds.
        type: dict
        required: true
        suboptions:
          seconds: {description: How long it is watched; V(0) for not at all., type: int, required: true}
          error_percent: {description: The share of server errors that is too high., type: int, required: true}
          errors: {description: The least number of server errors for that., type: int, required: true}
      verify: {description: Whether to read all files of existing releases., type: bool, default: false}
      exclusive:
        description: Whether the server must not run at the same time as that of another release.
        type: bool
        default: false
      keep: {description: The number of releases to keep on the host., type: int, required: true}
      worker_count: {description: Worker processes; for M(asgi.deploy.release_info)., type: int, required: true}
      workers_reason: {description: Why it is that number., type: str, required: true}
      sandbox:
        description: Differences from the default sandbox; recorded for M(asgi.deploy.release_info).
        type: dict
        default: {}
      metadata:
        description: How the cloud's metadata service is closed on the host.
        type: dict
        required: true
        suboptions:
          by_nft: {description: "By rules of nft; otherwise by lines of units.", type: bool, required: true}
          application: {description: "To the application, and not only to its builds.", type: bool, required: true}
          ports:
            description: Ports of sockets that systemd made for the application, which count as the application's.
            type: list
            elements: int
            default: []
          outgoing: {description: "The networks to which it may connect by these ports.", type: list, elements: str}
      plain_transports:
        description: Sources with an unprotected transport; recorded for M(asgi.deploy.release_info).
        type: list
        elements: str
        default: []
"""
