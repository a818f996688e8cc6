"""Paths of the settings of a journal's namespace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import JOURNALD, JOURNALD_LOCAL, UNITS
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import journal_service


@dataclass(frozen=True)
class JournalSettings:
    """The settings of the journal of a namespace; of two drop-ins the later name counts."""

    namespace: str

    @property
    def first(self) -> PurePosixPath:
        return JOURNALD.with_name(f"journald@{self.namespace}.conf")

    @property
    def drop_ins(self) -> PurePosixPath:
        return JOURNALD.with_name(f"journald@{self.namespace}.conf.d")

    @property
    def of_host(self) -> PurePosixPath:
        """Return the link to the host's own settings."""
        return self.drop_ins / "00-host.conf"

    @property
    def last(self) -> PurePosixPath:
        return self.drop_ins / "~asgi-deploy.conf"

    @property
    def of_host_drop_ins(self) -> PurePosixPath:
        """Return the link to the folder of the host's own drop-ins."""
        return JOURNALD_LOCAL / self.drop_ins.name

    @property
    def service(self) -> PurePosixPath:
        """Return the drop-in of the journald that serves the namespace."""
        return UNITS / f"{journal_service(self.namespace)}.d" / "asgi-deploy.conf"

    @property
    def sync(self) -> PurePosixPath:
        """Return the drop-in of the unit that waits until everything is written."""
        return UNITS / f"systemd-journald-sync@{self.namespace}.service.d" / "asgi-deploy.conf"
