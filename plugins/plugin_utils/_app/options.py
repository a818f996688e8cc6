"""The options of an application, as `checked` of entry.py gives them: resolved, with defaults, and right.

What each option means is in roles/app/meta/argument_specs.yml; a test compares names and types with it.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from ansible_collections.asgi.deploy.plugins.plugin_utils._app.source_options import (
    AptOptions,
    ArchiveOptions,
    BuildOptions,
    EnvironmentValue,
    IndexOptions,
    PackageIndexOptions,
    PythonMirrorOptions,
    VerifyOptions,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import AddedFile


class StaticFolder(TypedDict):
    """A folder of the tree that nginx serves."""

    folder: str
    immutable: NotRequired[bool]  # whether no file in it ever changes under its name


class LimitOptions(TypedDict):
    """What all processes of an application may use together."""

    cpu: float | None  # CPUs
    memory: int | None  # MiB
    tasks: int | None  # processes and threads
    files: int  # open files of each process


class SandboxOptions(TypedDict):
    """What the sandbox of an application allows."""

    jit: bool
    run_stored: bool
    outgoing: list[str] | None  # networks; None allows all
    metadata: bool | None  # None: closed, and a run says so
    write: list[str]
    devices: list[str]
    groups: list[str]
    namespaces: bool
    sockets: list[str]
    dbus: bool
    syscalls: list[str]


class DatabaseOptions(TypedDict):
    """How many connections to its database an application may have."""

    connections: int
    per_worker: int


class HstsOptions(TypedDict):
    """The header Strict-Transport-Security."""

    enabled: bool
    max_age: int  # seconds
    include_subdomains: bool
    preload: bool


class PathLimits(TypedDict):
    """What nginx does with requests to a path, except for how long it waits."""

    body_size: str | None  # as nginx writes it, such as 10m
    streaming: bool
    compress: bool
    rate: str  # such as 100/s, or none
    connections: int  # of one address at a time; 0 for any number
    allow: list[str]  # networks; empty for all
    auth: bool
    snippet: str | None


class PathOptions(TypedDict):
    """Options of one path of a site; None stands for what the site has."""

    body_size: str | None
    timeout: int | None  # seconds
    streaming: bool | None
    compress: bool | None
    rate: str | None
    connections: int | None
    allow: list[str] | None
    auth: bool | None
    snippet: str | None


class PublicSiteOptions(PathLimits):
    """The options of a site without its users, whose passwords stay out of plans."""

    timeout: int  # seconds
    path: str  # / for the whole of the domains
    redirect_from: list[str]
    redirects: dict[str, str]
    hsts: HstsOptions
    headers: dict[str, str]
    pass_headers: list[str]
    encoded_slashes: bool
    maintenance_allow: list[str]
    media: dict[str, str]  # paths of storage, by the beginning of their URLs
    paths: dict[str, PathOptions]


class SiteOptions(PublicSiteOptions):
    """How nginx serves an application."""

    users: dict[str, str]  # passwords or their hashes, by name


class TlsOptions(TypedDict):
    """The certificate, and how an application without nginx speaks TLS."""

    port: int
    certificate: str | None  # a file on the controller, as the next ones
    key: str | None
    minimum_version: Literal["1.2", "1.3"]
    ciphers: str
    client_certificates: Literal["none", "optional", "required"]
    client_ca: str | None


class HookOptions(TypedDict):
    """Functions of the application that gunicorn calls, each as package.module:function."""

    on_starting: str | None
    on_reload: str | None
    when_ready: str | None
    pre_fork: str | None
    post_fork: str | None
    post_worker_init: str | None
    worker_int: str | None
    worker_abort: str | None
    pre_exec: str | None
    pre_request: str | None
    post_request: str | None
    child_exit: str | None
    worker_exit: str | None
    nworkers_changed: str | None
    on_exit: str | None


class ServerSettings(TypedDict):
    """Settings of the server; None leaves its own default."""

    backlog: int | None  # connections
    max_requests: int | None
    max_requests_jitter: int | None
    worker_connections: int | None
    threads: int | None
    limit_concurrency: int | None  # requests
    keepalive: int | None  # seconds
    limit_request_line: int | None  # bytes
    limit_request_fields: int | None
    limit_request_field_size: int | None  # bytes
    h11_max_incomplete_event_size: int | None  # bytes
    preload_app: bool | None
    worker_tmp_dir: str | None
    proc_name: str | None
    loop: Literal["auto", "asyncio", "uvloop"] | None
    http: Literal["auto", "h11", "httptools"] | None
    lifespan: Literal["auto", "on", "off"] | None
    root_path: str | None
    hooks: HookOptions


class LogOptions(TypedDict):
    """What an application logs, and where."""

    format: Literal["json", "text"]
    level: Literal["debug", "info", "warning", "error", "critical"]
    levels: dict[str, str]  # by name of the logger
    journal: Literal["own", "host"]
    size: int  # MiB
    burst: int  # records that each unit may log in ten seconds
    access: bool | None  # None: only without nginx


class HealthOptions(TypedDict):
    """Paths that say how an application is, and the networks that may ask for them."""

    liveness: str | None
    readiness: str | None
    metrics: str | None
    allow: list[str]


class GateOptions(TypedDict):
    """What a release must answer before it gets traffic."""

    path: str
    status: list[str]
    timeout: int  # seconds
    successes: int
    uptime: int  # seconds


class WatchOptions(TypedDict):
    """How long a new release is watched, and how many errors are too many."""

    seconds: int
    error_percent: int
    errors: int


class ProcessOptions(TypedDict):
    """A process of an application, in addition to its server."""

    command: str
    count: int
    memory: int | None  # MiB
    cpu: float | None  # CPUs
    tasks: int | None
    stop_timeout: int  # seconds
    exclusive: bool


class JobOptions(TypedDict):
    """A job that a timer starts."""

    command: str
    schedule: str  # a calendar event of systemd
    spread: int  # seconds
    persistent: bool
    timeout: int  # seconds
    memory: int | None  # MiB
    cpu: float | None  # CPUs
    tasks: int | None


class PlannedOptions(TypedDict):
    """The options that a plan has as the entry has them."""

    name: str
    git: str | None
    version: str  # in a plan what the release is called
    subdirectory: str | None
    submodules: bool
    deploy_key: str | None
    known_hosts: list[str] | None
    insecure_transport: bool
    verify: VerifyOptions | None
    archive: ArchiveOptions | None
    directory: str | None
    directory_includes: list[str]
    package: list[str] | None  # the first is the application
    extras: list[str]  # in a plan without those that the requirement of a package names
    requirements: str | None
    dependency_groups: list[str]
    dependency_keys: dict[str, str]
    build: BuildOptions
    apt: AptOptions
    python: str
    python_mirror: PythonMirrorOptions | None
    wheelhouse: str | None
    module: str
    factory: bool
    domains: list[str]
    state: Literal["present", "absent"]
    remove_data: bool
    env: dict[str, EnvironmentValue]
    env_file: str | None
    secrets: dict[str, str]
    files: dict[str, AddedFile]
    storage: list[str]
    cache: list[str]
    workload: Literal["io_bound", "cpu_bound", "mixed"]
    memory_per_worker: int  # MiB
    limits: LimitOptions
    sandbox: SandboxOptions
    database: DatabaseOptions | None
    server: Literal["gunicorn", "gunicorn-asgi", "uvicorn", "gunicorn-wsgi"]
    proxy: Literal["nginx", "none"]
    tls: TlsOptions
    settings: ServerSettings
    log: LogOptions
    health: HealthOptions
    server_requirements: list[str]  # in a plan only those that its server and its options use
    require_hashes: bool
    installer: Literal["auto", "uv", "pip"]
    timeout: int  # seconds
    graceful_timeout: int  # seconds
    gate: GateOptions
    release_command: list[str]  # in a plan as systemd reads them
    release_timeout: int  # seconds
    exclusive: bool
    needs: list[str]
    processes: dict[str, ProcessOptions]
    jobs: dict[str, JobOptions]
    watch: WatchOptions
    drain_timeout: int  # seconds
    lock_timeout: int  # seconds
    keep_releases: int


class AppOptions(PlannedOptions):
    """All options of an application."""

    index: IndexOptions | None
    package_indexes: dict[str, PackageIndexOptions]
    static: dict[str, str | StaticFolder]  # folders of the tree, by the beginning of their URLs
    workers: str  # a number, or auto
    site: SiteOptions
