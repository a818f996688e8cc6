"""Names of units and releases, and what they contain."""

from __future__ import annotations

import re

VERSION_MAX = 40
DIGEST_LENGTH = 8


def journal_service(namespace: str) -> str:
    """Return the journald of a namespace of the journal."""
    return f"systemd-journald@{namespace}.service"


def journal_of(unit: str) -> str | None:
    """Return the namespace of the journal that a unit of an application logs to; None for a unit of the host.

    >>> journal_of("asgi-shop.job-clean@v1-95148f79.service")
    'asgi-shop'
    """
    match = re.fullmatch(r"(asgi-[a-z0-9-]+)(\.[^@]+)?@.*|(asgi-[a-z0-9-]+)\.(build|public)\.[a-z]+", unit)
    return (match[1] or match[3]) if match else None


def command_kind(number: int) -> str:
    """Return the kind of unit of a release command.

    >>> command_kind(1), command_kind(2)
    ('command', 'command-2')
    """
    return "command" if number == 1 else f"command-{number}"


def release_of(unit: str) -> str:
    """Return the release that a unit belongs to."""
    return unit.split("@", 1)[1].rsplit(".", 1)[0]


def release_id(version: str, digest: str) -> str:
    """Return `<version>-<digest8>`; characters that a path or a unit name cannot contain are replaced."""
    name = re.sub(r"[^A-Za-z0-9._]+", "_", version)[:VERSION_MAX].strip("_.") or "release"
    return f"{name}-{digest[:DIGEST_LENGTH]}"
