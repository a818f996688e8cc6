"""Where everything of an application lives on a host: paths, units, identifiers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

ROOT = PurePosixPath("/srv/asgi")
CACHE = PurePosixPath("/var/cache/asgi")
UNITS = PurePosixPath("/etc/systemd/system")

# sun_path of sockaddr_un holds 108 bytes, the last of them NUL: unix(7).
SOCKET_PATH_MAX = 107
NAME_MAX = 24
VERSION_MAX = 40
DIGEST_LENGTH = 8


@dataclass(frozen=True)
class Layout:
    """Paths and unit names of one application, below `root`."""

    app: str
    root: PurePosixPath = ROOT

    # A release's units: one serves, one listens, one runs the release command, one stops it once nobody is connected.
    KINDS: ClassVar[tuple[str, ...]] = ("service", "socket", "command", "drain")

    @property
    def home(self) -> PurePosixPath:
        return self.root / self.app

    @property
    def releases(self) -> PurePosixPath:
        return self.home / "releases"

    @property
    def venvs(self) -> PurePosixPath:
        return self.home / "venvs"

    @property
    def current(self) -> PurePosixPath:
        """The link that names the release that serves, and the one that starts at boot."""
        return self.home / "current"

    @property
    def lock(self) -> PurePosixPath:
        return self.home / ".lock"

    @property
    def audit(self) -> PurePosixPath:
        return self.home / "deploys.jsonl"

    @property
    def mirror(self) -> PurePosixPath:
        return CACHE / "git" / f"{self.app}.git"

    @property
    def user(self) -> str:
        return f"asgi-{self.app}"

    @property
    def upstream(self) -> PurePosixPath:
        """The socket nginx connects to: its path goes through `current`, so that a rename switches releases."""
        return self.current / "app.sock"

    @property
    def boot_unit(self) -> str:
        return f"asgi-boot@{self.app}.service"

    def release(self, release: str) -> PurePosixPath:
        return self.releases / release

    def socket_path(self, release: str) -> PurePosixPath:
        return self.release(release) / "app.sock"

    @property
    def data(self) -> PurePosixPath:
        """What the application itself stores."""
        return PurePosixPath("/var/lib/asgi", self.app)

    @property
    def access_log(self) -> PurePosixPath:
        """What nginx writes of this application's requests."""
        return PurePosixPath(f"/var/log/nginx/asgi-{self.app}.access.log")

    def unit(self, kind: str, release: str) -> str:
        """A unit of a release, of one of :attr:`KINDS`; no application's name holds a dot, so none collides."""
        suffix = "socket" if kind == "socket" else "service"
        return f"asgi-{self.app}{'' if kind in ('socket', 'service') else f'.{kind}'}@{release}.{suffix}"


def release_id(version: str, digest: str) -> str:
    """`<version>-<digest8>`, with what neither a path nor a unit name can hold replaced in the version."""
    name = re.sub(r"[^A-Za-z0-9._]+", "_", version)[:VERSION_MAX].strip("_.") or "release"
    return f"{name}-{digest[:DIGEST_LENGTH]}"
