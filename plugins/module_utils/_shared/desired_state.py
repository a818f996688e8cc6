"""Shapes of the desired state: what the controller decides and a host inspects or applies.

They cross to the host as JSON. Where a key may be missing, the argument spec of the same name has its default: a spec
is `FILE_OPTIONS` for `FileEntry`, for example. A test compares the keys of both.
"""

from __future__ import annotations

from typing import Literal, Required, TypeAlias, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_options import (
    RemovalOptions,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import (
    ReleaseOptions,
)


class FileEntry(TypedDict, total=False):
    """A file, a directory, a link, or the absence of one.

    Attributes:
        path: absolute.
        state: what is desired there.
        content: of a file that is not secret.
        target: of a link, what it leads to.
        secret_content: of a file whose content is never shown.
        mode: octal digits, such as 0644.
        owner: the name of a user.
        group: the name of a group.
        exclusive: of a directory, whether everything below it that no entry names is removed.
    """

    path: Required[str]
    state: Literal["file", "directory", "link", "absent"]
    content: str | None
    target: str | None
    secret_content: str | None
    mode: str | None
    owner: str
    group: str
    exclusive: bool


class UserEntry(TypedDict, total=False):
    """A system user that no one logs in as.

    Attributes:
        name: of the user, and of its group.
        comment: what the user is for.
        home: its home, which is not created.
    """

    name: Required[str]
    comment: str
    home: str


class ToolEntry(TypedDict, total=False):
    """A virtual environment of a program of this collection, such as certbot.

    Attributes:
        path: where it is, absolute.
        requirements: the text of a lock with hashes.
        wheelhouse: SHA-256 of the archive of wheels that was shipped, if one was.
    """

    path: Required[str]
    requirements: Required[str]
    wheelhouse: str | None


class CertificateEntry(TypedDict, total=False):
    """A certificate, as the role certificate records it on the host.

    Attributes:
        name: of the certificate.
        domains: names and IP addresses.
        source: acme, self-signed, or given for files of the controller.
        port: the TCP port that serves it.
        group: the group that may read it, where an application serves it; without one nginx does.
        renewal: options that certbot keeps for its renewal.
    """

    name: Required[str]
    domains: Required[list[str]]
    source: str
    port: int
    group: str | None
    renewal: dict[str, str | None]


class OpeningEntry(TypedDict, total=False):
    """A port that the firewall opens.

    Attributes:
        port: its number.
        protocol: tcp or udp.
        allow: networks that may connect; everyone where it is empty.
    """

    port: Required[int]
    protocol: str | None
    allow: list[str] | None


class FirewallEntry(TypedDict):
    """What the firewall lets in.

    Attributes:
        web: ports of visitors, whose connections are not tracked.
        open: further ports.
        close: ports that programs listen on and no one outside reaches.
        rules: lines of nft's language, for the end of the input chain.
        ssh_allow: networks that may reach sshd; everyone where it is empty.
    """

    web: list[OpeningEntry]
    open: list[OpeningEntry]
    close: list[int]
    rules: list[str]
    ssh_allow: list[str]


class HardeningPartEntry(TypedDict, total=False):
    """Files of the hardening that belong together, and how the host applies them.

    Attributes:
        name: of the switch, without hardening_.
        on: whether the part is desired; if not, its files are removed.
        packages: Debian packages that it needs.
        files: its files.
        enabled: units that start at boot.
        active: those of them that must run now.
        ends: units of this collection that end when the part is removed.
        take: verbs of systemctl and units, after a change of files.
        alternatives: packages that do the same; with all of them missing the part applies.
        in_containers: whether a container has any use for it.
        modules: code of this collection that stays on the host, as dotted names below plugins/module_utils.
    """

    name: Required[str]
    on: Required[bool]
    packages: list[str]
    files: list[FileEntry]
    enabled: list[str]
    active: list[str]
    ends: list[str]
    take: list[list[str]]
    alternatives: list[str]
    in_containers: bool
    modules: list[str]


class HardeningEntry(TypedDict, total=False):
    """The hardening of a host.

    Attributes:
        parts: files, packages and units.
        firewall: what comes in; None leaves the firewall as it is.
        sshd: values that `sshd -T` must show, by lower-case keyword.
        ssh_exceptions: criteria of `Match` by which passwords or root are meant to be let in.
        sysctl: values of kernel parameters, by dotted name; * is every interface.
        services: units that must not run.
    """

    parts: list[HardeningPartEntry]
    firewall: FirewallEntry | None
    sshd: dict[str, str]
    ssh_exceptions: list[str]
    sysctl: dict[str, str]
    services: list[str]


class PartsOptions(TypedDict, total=False):
    """What an inspection of the kind parts compares with the host.

    Attributes:
        packages: Debian packages that must be installed.
        files: files that must be as described.
        reload: the service that reads the files.
        units: units that must be enabled and active.
        needs: units that must exist, running or not.
        users: system users that must exist.
        no_users: users that must not exist.
        ports: TCP ports whose listeners are reported.
        nginx_servers: whether it is reported who else nginx serves on those of these ports that it holds.
        server_names: names in nginx whose applications are reported.
        certificates: certificates that must be in place.
        lineages: names for which it is reported whether certbot has a certificate.
        archives: SHA-256 of archives that must have been shipped.
        venvs: virtual environments of programs that must be built.
    """

    packages: list[str]
    files: list[FileEntry]
    reload: str | None
    units: list[str]
    needs: list[str]
    users: list[str]
    no_users: list[str]
    ports: list[int]
    nginx_servers: bool
    server_names: list[str]
    certificates: list[CertificateEntry]
    lineages: list[str]
    archives: list[str]
    venvs: list[ToolEntry]


class HardeningOptions(TypedDict):
    """What an inspection of the kind hardening compares with the host.

    Attributes:
        desired: the hardening that is desired.
    """

    desired: HardeningEntry


class ReleaseInspectionOptions(ReleaseOptions):
    """What an inspection of the kind release compares with the host.

    Attributes:
        everything: whether all releases are inspected for damage, and not only the one that would serve.
    """

    everything: bool


class FactsInspection(TypedDict):
    """A request for what decisions need to know of a host."""

    kind: Literal["facts"]


class PartsInspection(TypedDict):
    """A request to inspect packages, files, units and the like."""

    kind: Literal["parts"]
    options: PartsOptions


class ReleaseInspection(TypedDict):
    """A request to inspect a release of an application."""

    kind: Literal["release"]
    options: ReleaseInspectionOptions


class RemovalInspection(TypedDict):
    """A request to inspect what is left of an application that is to be removed."""

    kind: Literal["removal"]
    options: RemovalOptions


class HardeningInspection(TypedDict):
    """A request to inspect the hardening of a host."""

    kind: Literal["hardening"]
    options: HardeningOptions


Inspection: TypeAlias = FactsInspection | PartsInspection | ReleaseInspection | RemovalInspection | HardeningInspection
