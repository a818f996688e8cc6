"""Who may read the certificates that are served, and their keys: root, and an application that ends TLS itself."""

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
    """The mode and the group of a file or a folder of root's."""

    path: Path
    mode: int
    group: int

    def wrong(self) -> str | None:
        """What differs; nothing where it is right, is no file or folder, or is not there."""
        try:
            found = self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        mode = stat.S_IMODE(found.st_mode)
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            return None
        if mode != self.mode:
            return f"{self.path} has mode {mode:04o} instead of {self.mode:04o}"
        if (found.st_uid, found.st_gid) != (0, self.group):
            return f"{self.path} is owned by {found.st_uid}:{found.st_gid} instead of 0:{self.group}"
        return None

    def put_right(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.fchown(descriptor, 0, self.group)
            os.fchmod(descriptor, self.mode)
        finally:
            os.close(descriptor)


def desired_access(wanted: CertificateRequest) -> list[Access]:
    """Return what has to be so for a certificate, of a group that is there: certbot's own key is one of the files.

    Of one that is given nothing is: its files come from the controller, with their modes.
    """
    if wanted.source == "given":
        return []
    group = grp.getgrnam(wanted.group).gr_gid if wanted.group else 0
    folder, file = (0o750, 0o640) if wanted.group else (0o700, 0o600)
    own = [Access(CERTBOT / "live" / wanted.name / "privkey.pem", 0o600, 0)] if wanted.source == "acme" else []
    return [
        Access(wanted.files[0].parent, folder, group),
        *(Access(path, file, group) for path in wanted.files),
        *(Access(Path(os.path.realpath(one.path)), one.mode, one.group) for one in own),
    ]


def access_error(wanted: CertificateRequest) -> str | None:
    """Return whose mode or owner is wrong, of a certificate's files; nothing where all are right."""
    return next((text for one in _access(wanted) if (text := one.wrong())), None)


def restrict_access(wanted: CertificateRequest) -> bool:
    """Put modes and owners of a certificate's files right; return whether any was wrong."""
    wrong = [one for one in _access(wanted) if one.wrong()]
    for one in wrong:
        one.put_right()
    return bool(wrong)


def _access(wanted: CertificateRequest) -> list[Access]:
    try:
        return desired_access(wanted)
    except KeyError:  # the application's group has yet to be made
        return []
