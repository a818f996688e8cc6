"""Shapes of the options of a release: what the controller sends to a host to make a release serve.

A test compares their keys with the argument specs of the same names, such as `SOURCE_OPTIONS` for `SourceEntry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry


class RunOptions(TypedDict):
    """What every task takes that works under the lock of an application.

    Attributes:
        name: of the application.
        by: who began the run, for the audit trail.
        lock_timeout: seconds to wait for the end of another run.
    """

    name: str
    by: str
    lock_timeout: float


class SourceEntry(TypedDict):
    """Where the code of a release comes from; which keys count depends on the kind.

    Attributes:
        kind: how the code is fetched.
        url: of the repository or the archive.
        sha256: of the archive.
        name: of the archive's file.
        requirements: of a package, each with its version; the first is the application.
        subdirectory: the folder of the application in the tree.
        submodules: whether git fetches submodules as well.
        signers: lines of an allowed signers file; the version must be signed by one of them.
        deploy_key: a private SSH key with read access.
        known_hosts: lines of known_hosts; only these keys of servers are trusted, those of dependencies included.
        plain_allowed: whether a transport without encryption is allowed.
    """

    kind: Literal["git", "archive", "package"]
    url: str | None
    sha256: str | None
    name: str | None
    requirements: list[str]
    subdirectory: str | None
    submodules: bool
    signers: list[str]
    deploy_key: str | None
    known_hosts: list[str]
    plain_allowed: bool


class IndexEntry(TypedDict):
    """An index of distributions.

    Attributes:
        url: its address.
        username: the name to log in with, if it asks for one.
        password: the password or token.
    """

    url: str
    username: str | None
    password: str | None


class PythonArchiveEntry(TypedDict):
    """An archive of an interpreter, for a version that the host does not have.

    Attributes:
        url: where it is fetched.
        sha256: its checksum.
        version: of the interpreter, as in 3.14.2.
        machine: that it is for, as in x86_64.
    """

    url: str
    sha256: str
    version: str
    machine: str


class PackageIndexEntry(IndexEntry):
    """An index of some distributions.

    Attributes:
        name: what messages call it.
        packages: distributions that come from it and from no other one.
    """

    name: str
    packages: list[str]


class AdditionsEntry(TypedDict):
    """What is added to the source of a release.

    Attributes:
        files: contents in Base64, by path in the tree.
        links: directories and files that outlive the release, by path in the tree.
        static: folders of the tree that nginx serves, by the beginning of their URLs.
    """

    files: dict[str, str]
    links: dict[str, str]
    static: dict[str, str]


class GateEntry(TypedDict):
    """What a release must answer before it gets traffic.

    Attributes:
        path: the path that is requested.
        status: status codes and classes, such as 2xx, that pass.
        timeout: seconds until the gate fails.
        successes: how many answers in a row must pass.
        workers: how many processes must each have answered.
        uptime: seconds that the service must have stayed up.
        recycles: whether workers end by themselves after their share of requests.
    """

    path: str
    status: list[str]
    timeout: float
    successes: int
    workers: int
    uptime: float
    recycles: bool


class WatchEntry(TypedDict):
    """How long a new release is watched, and how many server errors are too many.

    Attributes:
        seconds: how long; 0 does not watch.
        error_percent: the share of requests that may fail.
        errors: with fewer failed requests than this the share does not count.
    """

    seconds: float
    error_percent: float
    errors: int


class ClosingEntry(TypedDict):
    """How the cloud's metadata service is closed to an application.

    Attributes:
        by_nft: whether rules of nft close it; if not, lines of units do.
        application: whether it is closed to the application, and not only to its build.
        ports: TCP ports of sockets that systemd opened for the application.
        outgoing: networks that the application may connect to; None allows all. Records of older versions lack it.
    """

    by_nft: bool
    application: bool
    ports: list[int]
    outgoing: NotRequired[list[str] | None]


class BuildStepsEntry(TypedDict):
    """Commands that make a part of a release.

    Attributes:
        commands: each a program and its arguments.
        env: their variables.
        secrets: further variables, which are secret.
        network: whether they reach the network.
    """

    commands: list[list[str]]
    env: dict[str, str]
    secrets: dict[str, str]
    network: bool


class ReleaseEntry(TypedDict):
    """A release as the controller describes it.

    Attributes:
        source: where its code comes from.
        version: of the source.
        packages: Debian packages that its build needs.
        files: texts, by name in the directory of the release; readable by the application.
        environment: the text of its environment file; readable only by root.
        secrets: values, by the names of the application's variables.
        tree: what is added to its source.
        units: texts, by kind of unit; %i stands for the release.
        server: its kind, such as gunicorn; empty for one that works with each version of its requirements.
        server_requirements: requirements of the server.
        installer: auto, uv or pip.
        build: lines of a unit that restrict programs of the build.
        steps: commands that make a part of the release.
        build_hosts: the only hosts that the build may connect to; None allows all.
        python: system, a version, or a path on the host.
        python_archive: where a version comes from that the host does not have; None refuses it.
        extras: optional dependencies of the application to install.
        requirements: the file that lists what the application needs; None takes the first of an order.
        dependency_groups: dependency groups of the application to install.
        module: what is served, as in shop.main:app.
        python_path: further folders in which its programs look for modules, relative to the application's folder.
        dependency_keys: private SSH keys for repositories of dependencies, by their URLs.
        index: the index of distributions; None is the installer's own.
        package_indexes: further indexes, each of some distributions.
        server_lock: the lock of the server's distributions, with hashes.
        require_hashes: whether everything that is installed must have a hash.
        insecure_transport: whether requirements may come over a transport without encryption.
        wheelhouse: SHA-256 of the archive of wheels that was shipped, if one was.
        verify: whether to read every file of earlier builds, instead of only its status.
        host_name: the host name in requests to the gate.
        gate: what the release must answer.
        watch: how it is watched.
        keep: how many releases stay on the host.
        worker_count: how many workers it runs.
        workers_reason: why it runs that many.
        sandbox: options of the sandbox that differ from their defaults.
        metadata: how the cloud's metadata service is closed.
        plain_transports: what is fetched without encryption, for status.
        exclusive: whether its server must not run at the same time as that of another release.
    """

    source: SourceEntry
    version: str
    packages: list[str]
    files: dict[str, str]
    environment: str
    secrets: dict[str, str]
    tree: AdditionsEntry
    units: dict[str, str]
    server: str
    server_requirements: list[str]
    installer: str
    build: list[str]
    steps: BuildStepsEntry
    build_hosts: list[str] | None
    python: str
    python_archive: PythonArchiveEntry | None
    extras: list[str]
    requirements: str | None
    dependency_groups: list[str]
    module: str
    python_path: list[str]
    dependency_keys: dict[str, str]
    index: IndexEntry | None
    package_indexes: list[PackageIndexEntry]
    server_lock: str
    require_hashes: bool
    insecure_transport: bool
    wheelhouse: str | None
    verify: bool
    host_name: str
    gate: GateEntry
    watch: WatchEntry
    keep: int
    worker_count: int
    workers_reason: str
    sandbox: dict[str, Json]
    metadata: ClosingEntry
    plain_transports: list[str]
    exclusive: bool


class ReleaseOptions(RunOptions):
    """The options of a task that makes a release serve.

    Attributes:
        desired: the release that must serve.
    """

    desired: ReleaseEntry


class PortOptions(TypedDict):
    """What moves the port of visitors with a release.

    Attributes:
        goes_to: service, if nginx listens on it from then on, or sockets, if units of systemd do.
        files: files of nginx that are applied with it, as in `FilesOptions`.
        validate: the command that validates them.
        reload: the service that reads them.
    """

    goes_to: str
    files: list[FileEntry]
    validate: list[str]
    reload: str


class ReleaseTaskOptions(ReleaseOptions):
    """The options of the task that makes a release serve, and obtains its certificate.

    Attributes:
        certificate: the name of the certificate to obtain at the same time; None for none.
        leave_stopped: whether an application that is stopped stays so, without an error.
        urgent: whether the release is not watched.
        port: what moves the port of visitors with it; None if it does not move.
    """

    certificate: str | None
    leave_stopped: bool
    urgent: bool
    port: PortOptions | None
