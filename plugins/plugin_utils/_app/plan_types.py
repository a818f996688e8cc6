"""The plan of an application: all that is decided of it, which templates of the role read as `plan`.

It crosses to templates and through variables of Ansible as JSON. A test compares its fields with those that templates
read.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.kept_connections import Keepalive
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import (
    ClosingEntry,
    IndexEntry,
    PackageIndexEntry,
    PythonArchiveEntry,
    SourceEntry,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import (
    PathLimits,
    PlannedOptions,
    PublicSiteOptions,
)

Setting = str | int | float | bool | None
"""A value of a setting of gunicorn or uvicorn."""


class JournalPlan(TypedDict):
    """The sizes of an application's journal, in KiB."""

    full: int  # all files that are full, together
    file: int  # each file


class DirectTls(TypedDict):
    """How an application without nginx speaks TLS; paths are those of files on the host."""

    certificate: str
    key: str
    client_ca: str | None
    verify: Literal["none", "optional", "required"]
    minimum_version: Literal["1.2", "1.3"]
    ciphers: str


class DirectPlan(TypedDict):
    """How an application serves without nginx."""

    current: str  # the link to the release that serves
    stopped: str  # the file that says that it is stopped
    tls: DirectTls


class HealthSettings(TypedDict):
    """Paths that the runtime answers or counts for."""

    liveness: str | None
    metrics: str | None
    readiness: str | None


class LogSettings(TypedDict):
    """What the runtime logs; names of levels are in capitals."""

    format: Literal["json", "text"]
    level: str
    access: bool
    levels: dict[str, str]  # by name of the logger


class RuntimeSettings(TypedDict):
    """What the runtime of a release reads: its settings.json."""

    app: str
    server: Literal["gunicorn", "gunicorn-asgi", "uvicorn", "gunicorn-wsgi"]
    interface: Literal["asgi", "wsgi"]
    module: str
    factory: bool
    root_path: Setting
    title: Setting
    limit_concurrency: Setting
    direct: DirectPlan | None
    idle: int  # seconds that an unused connection lasts in a process that is to end
    grace: int  # seconds that requests have to end
    ping: float  # seconds between two pings of a WebSocket
    secrets: list[str]  # names
    hooks: dict[str, str]
    health: HealthSettings
    log: LogSettings
    gunicorn: dict[str, Setting]
    uvicorn: dict[str, Setting]


class ServingPlan(TypedDict):
    """How the application is served: the settings of its runtime, its command, and what its units take from it."""

    runtime: RuntimeSettings
    command: str
    socket: dict[str, Setting]  # directives of the socket unit
    stop_timeout: int  # seconds, the most that its end takes
    recycles: bool  # whether workers are replaced after their share of requests
    watchdog: int | None  # seconds; None without systemd's watchdog
    requirements: list[str]


class PlacePlan(TypedDict):
    """Where an application is among those that share its domains."""

    prefix: str  # what its paths begin with; empty for the whole
    owner: str  # the application that has the server
    owns: bool  # whether it is this one
    below: list[str]  # all applications that are below a path; those with longer paths come later, as they win


class LimitPlan(TypedDict):
    """A limit of requests, in nginx's words."""

    zone: str
    rate: str
    burst: str


class LocationPlan(PathLimits):
    """A location of nginx, with the options of its path."""

    match: str  # what stands after the word location
    path: str
    always: bool  # whether it answers when the site is closed, too
    health_check: bool  # whether it only says how the application is
    media: bool  # whether uploads are sent
    limit: LimitPlan | None
    timeout: int  # seconds that the application may be silent


class MediaPlan(TypedDict):
    """How uploads that nginx serves are sent."""

    folders: dict[str, str]  # absolute paths, by the beginning of their URLs
    units: list[str]  # what sends them, and its listener
    socket: str  # a path, as the next ones
    configuration: str
    hidden: list[str]  # folders that what sends them does not see


class AnswerHeader(TypedDict):
    """A header of answers."""

    name: str
    variable: str  # of nginx, which holds the value
    said: str  # the variable of nginx for what the application said itself
    value: str


class RequestHeader(TypedDict):
    """A header of requests that the application does not get from visitors."""

    name: str
    value: str  # what it gets in its place
    passed: str | None  # the variable of nginx for what a trusted proxy sent


class SitePlan(PublicSiteOptions, PlacePlan):
    """What nginx is configured with for an application."""

    behind_balancer: bool  # whether a request over HTTP may have come to a proxy by HTTPS
    logged: str  # names of nginx's variables, as the next ones
    realm: str
    here: str
    closed: str
    separators: str
    ambiguous: str
    own: str
    always: str
    zones: list[LimitPlan]
    open_zone: str  # names of nginx's zones
    health_zone: str | None
    locations: list[LocationPlan]
    response_headers: list[AnswerHeader]
    untrusted: list[RequestHeader]
    guarded: bool  # whether some paths are not for everyone
    hsts_value: str
    names: list[str]  # of the certificate
    metrics_below: str | None  # the path below that of metrics
    addresses: list[str]  # domains that are IP addresses
    hosts: list[str]  # domains, as URLs write them
    redirect_hosts: list[str]
    maintenance_file: str  # paths on the host, as the next ones
    stopped_file: str
    auth_file: str
    auth_text: str
    former: list[str]  # applications whose server is this one's now, as an inspection observed


class WorkUnit(TypedDict, total=False):
    """A unit of a process or a job, or the target of all of them; options are those of its process or job."""

    kind: str
    template: str
    name: str
    command: str  # as systemd reads it
    count: int
    memory: int | None  # MiB
    cpu: float | None  # CPUs
    tasks: int | None
    stop_timeout: int  # seconds
    exclusive: bool
    schedule: str  # a calendar event of systemd
    spread: int  # seconds
    persistent: bool
    timeout: int  # seconds
    wants: list[str]  # units of the target


class ShippedArchive(TypedDict):
    """An archive on the controller that goes to the host."""

    path: str
    sha256: str


class PackedSource(TypedDict, total=False):
    """The archive of a source that comes from the controller; empty for another source."""

    sha256: str


class Packed(TypedDict):
    """What an application takes from the controller."""

    source: PackedSource
    wheelhouse: str | None  # SHA-256 of the archive of its wheels
    archives: list[ShippedArchive]
    included: dict[str, int]  # how many files each pattern of directory_includes stands for


class AdditionsPlan(TypedDict):
    """What is added to the tree of a release, and what systemd creates for the application."""

    links: dict[str, str]  # directories and files on the host, by the path in the tree
    written: list[str]  # the directories on the host that the application writes
    state_directories: list[str]  # below /var/lib
    cache_directories: list[str]  # below /var/cache
    static: dict[str, str]  # folders of the tree, by the beginning of their URLs
    static_immutable: list[str]  # beginnings of URLs
    static_places: list[str]  # folders below the application's, where nginx looks for files whose names stand for them


class SourcePlan(TypedDict):
    """Where a release comes from, and what it is called."""

    source: SourceEntry
    version: str
    extras: list[str]


class AppPlan(PlannedOptions, AdditionsPlan):
    """All that is decided of one application on one host."""

    source: SourceEntry
    index: IndexEntry | None
    python_archive: PythonArchiveEntry | None  # for a host that lacks the version
    package_indexes: list[PackageIndexEntry]
    build_hosts: list[str] | None  # None: builds reach every host
    packages: list[str]  # of the system
    packed: Packed | None  # None until it is packed, and for an application that must go
    user: str
    serving: ServingPlan
    direct: DirectPlan | None  # None behind nginx
    workers: int
    workers_reason: str
    host_memory: int | None  # MiB
    server_lock: str
    environment: str  # the text of the environment file
    python_path: list[str]  # folders of the entry, relative to the application's
    program_path: str  # where units look for programs
    launcher: str  # what a command begins with, to have the secrets
    prerequisite_units: list[str]  # that its units start after, and request
    units: list[WorkUnit]
    journal: JournalPlan
    drain_limit: int  # seconds
    sandbox_changes: dict[str, Json]  # options of the sandbox that differ from its defaults
    sandbox_lines: list[str]  # of the section Service
    build_lines: list[str]  # of the section Service of builds
    metadata: ClosingEntry
    plain_transports: list[str]  # what comes over a plain transport
    notices: list[str]  # what a run says of it
    site: SitePlan
    media: MediaPlan
    upstream_keepalive: Keepalive
    public_units: list[str]  # of an application without nginx
    paths: dict[str, str]  # fixed paths of a host
    data: str  # paths of the application, as the next ones
    home: str
    access_log: str
    upstream: str
    tls_folder: str
    serving_folder: str
    runtime_directory: str  # below /run, as the next one
    metadata_directory: str
    neighbour: bool  # whether the run is for another application, whose server may become this one's
    stopped: bool  # whether an inspection observed that it is stopped
    port_goes_to: str | None  # which side gets its port of visitors in this run: TO_SERVICE or TO_SOCKETS
    port_stays: bool  # whether it keeps the port that it has, as it is stopped
    nginx_default: FileEntry | None  # what nginx has on the port that it gets, for all applications
