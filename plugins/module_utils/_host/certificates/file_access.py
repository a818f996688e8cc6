"""Access to the certificates that are served, and to their keys: by root, and by an application that serves TLS."""

from __future__ import annotations

import grp
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    CERTBOT,
    CertificateRequest,
)


@dataclass(frozen=True)
class Access:
    """The desired mode and group of a file or a folder that root owns.

    Attributes:
        path: of the file or folder.
        mode: permission bits.
        group: its number.
    """

    path: Path
    mode: int
    group: int

    def error(self) -> str | None:
        """Return what differs; None if nothing does, or if the path is no file or folder, or does not exist."""
        try:
            status = self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        mode = stat.S_IMODE(status.st_mode)
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            return None
        if mode != self.mode:
            return f"{self.path} has mode {mode:04o} instead of {self.mode:04o}"
        if (status.st_uid, status.st_gid) != (0, self.group):
            return f"{self.path} is owned by {status.st_uid}:{status.st_gid} instead of 0:{self.group}"
        return None

    def restore(self) -> None:
        """Set owner, group and mode."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.fchown(descriptor, 0, self.group)
            os.fchmod(descriptor, self.mode)
        finally:
            os.close(descriptor)


def desired_access(request: CertificateRequest) -> list[Access]:
    """Return the desired access to the files of a certificate, certbot's own key included.

    There is none for a certificate that is given: its files come from the controller, with their modes.

    Raises:
        KeyError: its group does not exist.
    """
    if request.source == "given":
        return []
    group = grp.getgrnam(request.group).gr_gid if request.group else 0
    folder, file = (0o750, 0o640) if request.group else (0o700, 0o600)
    keys = [Access(CERTBOT / "live" / request.name / "privkey.pem", 0o600, 0)] if request.source == "acme" else []
    return [
        Access(request.files[0].parent, folder, group),
        *(Access(path, file, group) for path in request.files),
        *(Access(Path(os.path.realpath(access.path)), access.mode, access.group) for access in keys),
    ]


def access_error(request: CertificateRequest) -> str | None:
    """Return which file of a certificate has a wrong mode or owner; None if all are right."""
    return next((text for access in _access(request) if (text := access.error())), None)


def restrict_access(request: CertificateRequest) -> bool:
    """Restore modes and owners of a certificate's files; return whether any was wrong."""
    differing = [access for access in _access(request) if access.error()]
    for access in differing:
        access.restore()
    return bool(differing)


def _access(request: CertificateRequest) -> list[Access]:
    try:
        return desired_access(request)
    except KeyError:  # the application's group does not exist yet
        return []
