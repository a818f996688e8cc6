"""What the tasks of the role take of an application, as the lookup `desired_state` returns it."""

from __future__ import annotations

from typing import Required, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry, UserEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import (
    ReleaseEntry,
)


class GivenCertificate(TypedDict):
    """A certificate of the user's: files on the controller."""

    certificate: str | None
    key: str | None


class ServedCertificate(TypedDict, total=False):
    """What reads a certificate; nginx where it is empty."""

    port: int
    group: str


class CertificateArguments(TypedDict):
    """The options of the role certificate for an application."""

    certificate_name: str
    certificate_domains: list[str]
    certificate_given: GivenCertificate | None
    certificate_wheelhouse: str | None
    certificate_served: ServedCertificate


class PortMoveEntry(TypedDict):
    """How a port of visitors moves with a release, as the option `port` of M(asgi.deploy.release)."""

    goes_to: str
    files: list[FileEntry]
    validate: list[str]
    reload: str


class AppState(TypedDict, total=False):
    """What the tasks of the role take. For an application that must go there is only `by` and `site`."""

    by: Required[str]  # the user who runs the playbook
    site: Required[list[FileEntry]]  # files of nginx, and what has to go when these are in place
    site_units: list[str]  # that must be enabled and active
    users: list[UserEntry]
    host: list[FileEntry]  # other files
    port: PortMoveEntry | None  # how its port of visitors moves with the release
    release: ReleaseEntry
    packages: list[str]
    certificate: CertificateArguments
