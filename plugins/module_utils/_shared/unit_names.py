"""Names of units and releases, and what they tell."""

from __future__ import annotations

import re

VERSION_MAX = 40
DIGEST_LENGTH = 8


def journal_service(namespace: str) -> str:
    return f"systemd-journald@{namespace}.service"


def journal_of(unit: str) -> str | None:
    """The namespace of the journal that a unit of an application logs to; nothing for a unit of the host.

    >>> journal_of("asgi-shop.job-clean@v1-95148f79.service")
    'asgi-shop'
    """
    found = re.fullmatch(r"(asgi-[a-z0-9-]+)(\.[^@]+)?@.*|(asgi-[a-z0-9-]+)\.(build|public)\.[a-z]+", unit)
    return (found[1] or found[3]) if found else None


def release_of(unit: str) -> str:
    """The release that a unit is of."""
    return unit.split("@", 1)[1].rsplit(".", 1)[0]


def release_id(version: str, digest: str) -> str:
    """`<version>-<digest8>`, with what neither a path nor a unit name can hold replaced in the version."""
    name = re.sub(r"[^A-Za-z0-9._]+", "_", version)[:VERSION_MAX].strip("_.") or "release"
    return f"{name}-{digest[:DIGEST_LENGTH]}"
