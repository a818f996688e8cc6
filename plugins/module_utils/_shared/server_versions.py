"""The versions of servers, and of what they use, with which the runtime of a release works."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import normalised
from ansible_collections.asgi.deploy.plugins.module_utils._shared.version_specifiers import Version, parse_version

_UVICORN = {"uvicorn": "0.30.0", "websockets": "11.0"}
_BOTH = {"python-json-logger": "2.0.0", "prometheus-client": "0.18.0"}
# The least version of each distribution, by server; each newer one that is known is tested.
LEAST: Mapping[str, Mapping[str, str]] = {
    "gunicorn": {"gunicorn": "21.2.0", **_UVICORN, **_BOTH},
    "gunicorn-asgi": {"gunicorn": "27.0.0", "uvicorn": "0.30.0", **_BOTH},
    "uvicorn": {**_UVICORN, **_BOTH},
    "gunicorn-wsgi": {"gunicorn": "21.2.0", **_BOTH},
}

_REQUIREMENT = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?\s*((?:~=|===?|<=?|>=?|!=)[^;@]*?)\)?\s*$"
)
_CLAUSE = re.compile(r"(~=|===?|<=?)\s*v?(\d+(?:\.\d+)*)(\.\*)?.*")
_NUMBERS = re.compile(r"v?(?:\d+!)?(\d+(?:\.\d+)*)")


@dataclass(frozen=True)
class Unfit:
    """A version with which a server does not work.

    Attributes:
        name: the distribution.
        found: its requirement, such as `uvicorn==0.29.0`.
        expected: a requirement with which the server works, such as `uvicorn>=0.30.0`.
    """

    name: str
    found: str
    expected: str


def unfit_requirement(line: str, server: str, needed: Collection[str]) -> Unfit | None:
    """Return what a requirement allows only in versions that are too old for a server; None if it allows others.

    One that counts only on some machines, by a marker, is left to :func:`unfit_version`.

    Args:
        line: a requirement, without comments.
        server: gunicorn, gunicorn-asgi, uvicorn or gunicorn-wsgi; another text has no limits.
        needed: names of the distributions that serve the application.
    """
    match = _REQUIREMENT.match(line.partition(" --")[0])
    least = _least(match[1], server, needed) if match else None
    if match is None or least is None:
        return None
    clauses = [clause.strip() for clause in match[2].split(",")]
    if not any(_is_below(clause, parse_version(least)) for clause in clauses):
        return None
    name = normalised(match[1])
    return Unfit(name, f"{match[1]}{','.join(clauses)}", f"{name}>={least}")


def unfit_version(name: str, version: str, server: str, needed: Collection[str]) -> Unfit | None:
    """Return a distribution that is installed in a version that is too old for a server; None if it is not."""
    least, numbers = _least(name, server, needed), _NUMBERS.match(version)
    if least is None or numbers is None or not _less(parse_version(numbers[1]), parse_version(least)):
        return None
    return Unfit(name, f"{name}=={version}", f"{name}>={least}")


def _least(name: str, server: str, needed: Collection[str]) -> str | None:
    return LEAST.get(server, {}).get(normalised(name)) if normalised(name) in needed else None


def _is_below(clause: str, least: Version) -> bool:
    """Return whether a clause of a specifier allows only versions below another one."""
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        return False
    operator, limit = match[1], parse_version(match[2])
    if operator == "~=" or match[3]:
        prefix = limit[:-1] if operator == "~=" else limit
        return _less(prefix, least[: len(prefix)])
    return _less(limit, least) or (operator == "<" and not _less(least, limit))


def _less(one: Version, other: Version) -> bool:
    size = max(len(one), len(other))
    return one + (0,) * (size - len(one)) < other + (0,) * (size - len(other))
