"""The options and the plan of the role nginx."""

from __future__ import annotations

from typing import Literal, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry


class NginxOptions(TypedDict):
    """The options of the role, without their prefix; roles/nginx/meta/argument_specs.yml describes them."""

    worker_connections: int
    client_max_body_size: str  # as nginx writes it, such as 16m
    metrics_port: int
    tls: Literal["intermediate", "modern"]
    http3: bool
    trusted_proxies: list[str]  # networks
    proxy_protocol: bool
    brotli: bool
    health_path: str
    sandbox: bool
    snippet: str | None


class NginxPlan(NginxOptions):
    """All that is decided of the web server of a host."""

    paths: dict[str, str]  # fixed paths of a host
    packages: list[str]
    held: list[int]  # ports that an application gives up later in the run, or keeps while it is stopped
    listen_http: list[str]  # arguments of the directive listen, as the next ones
    listen_https: list[str]
    listen_quic: list[str]  # empty without HTTP/3
    unnamed: bool  # whether a site has no name but an address
    http2_directive: bool  # what this nginx can do, as the next ones
    ticket_keys_rotate: bool
    keepalive_min_timeout: bool
    compressed: str  # types of content
    protocols: str  # of TLS, as the next ones
    ciphers: str | None
    groups: str
    refused: list[int]  # HTTP status of answers to requests that no application gets
    error_pages: list[int]  # HTTP status of nginx's own pages
    methods: list[str]  # of HTTP
    logs_size: int  # bytes that rotated logs of all sites may have
    worker_processes: int | Literal["auto"]
    real_ip_header: str | None  # where trusted proxies write a visitor's address


class NginxState(TypedDict):
    """What the tasks of the role take: files, and units that are enabled and active."""

    files: list[FileEntry]
    units: list[str]
