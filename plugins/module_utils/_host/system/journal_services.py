"""The journald of each namespace; it reads its settings only when it starts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._shared.journal_settings import JournalSettings
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import journal_service


class JournalServices:
    """The journald services of namespaces whose settings are among files that change."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._namespaces = sorted({name for path in paths if (name := namespace_of(path))})

    @property
    def pending(self) -> list[str]:
        """Return the names under which pending settings are marked: that of the first file of each namespace."""
        return [JournalSettings(name).first.name for name in self._namespaces]

    def read_settings(self) -> None:
        """Restart the services that run; systemd keeps the connections of programs during the restart."""
        if self._namespaces:
            systemd.change("try-restart", *map(journal_service, self._namespaces))


def namespace_of(path: Path) -> str | None:
    """Return the namespace whose settings a path belongs to.

    >>> namespace_of(Path("/etc/systemd/journald@asgi-shop.conf.d/own.conf"))
    'asgi-shop'
    """
    settings = (re.fullmatch(r"journald@(.+)\.conf(\.d)?", part) for part in path.parts)
    service = re.fullmatch(r"systemd-journald@(.+)\.service\.d", path.parent.name)
    return next((match[1] for match in (*settings, service) if match), None)
