"""The facts of a host that decisions depend on, each checked: a host is not trusted."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import TypedDict, cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import HostFacts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import HostResultError
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.terminal_text import harmless
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.versions import PROGRAMS


class PythonVersion(TypedDict):
    """The version of the Python that Ansible uses on the host."""

    major: int
    minor: int


class PythonFacts(TypedDict):
    """The Python that Ansible uses on the host."""

    version: PythonVersion


class Facts(HostFacts, total=False):
    """The facts of a host that decisions depend on: those that the survey asks for, and some of Ansible's own."""

    processor_vcpus: int
    processor_count: int
    python: PythonFacts
    like: str  # the system that the host's is like, as asgi_like of the inventory has it


_WORDS = {
    "distribution": re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}"),
    "distribution_version": re.compile(r"[A-Za-z0-9._+/-]{0,32}"),
    "distribution_major_version": re.compile(r"[A-Za-z0-9._+-]{0,32}"),
    "distribution_release": re.compile(r"[A-Za-z0-9._/+-]{0,64}"),
    "architecture": re.compile(r"[A-Za-z0-9_-]{1,32}"),
}
_NUMBERS = {
    "processor_nproc": (1, 2**16),
    "processor_vcpus": (1, 2**16),
    "processor_count": (1, 2**16),
    "memtotal_mb": (0, 2**40),
}
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_ADDRESSES: dict[str, tuple[Callable[[str], _Address], str]] = {
    "all_ipv6_addresses": (ipaddress.IPv6Address, "IPv6"),
    "nameservers": (ipaddress.ip_address, "IP"),
}
_FLAGS = ("nftables",)
_VERSION = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){0,3}")
_MOST_ADDRESSES = 10_000


def checked_facts(facts: Mapping[str, Json]) -> Facts:
    """Return the facts that decisions depend on; all others are left out.

    Raises:
        HostResultError: a fact has another type or form; says which, what was found, and what was expected.
    """
    checked: dict[str, Json] = {}
    for name, pattern in _WORDS.items():
        if name in facts:
            checked[name] = _word(name, facts[name], pattern)
    for name, (least, most) in _NUMBERS.items():
        if name in facts:
            checked[name] = _number(name, facts[name], least, most)
    for name, (parse, version) in _ADDRESSES.items():
        if name in facts:
            checked[name] = _addresses(name, facts[name], parse, version)
    for name in _FLAGS:
        if name in facts:
            checked[name] = _flag(name, facts[name])
    if "versions" in facts:
        checked["versions"] = _versions(facts["versions"])
    if "python" in facts:
        checked["python"] = {"version": _python(facts["python"])}
    return cast("Facts", checked)


def _word(name: str, value: Json, pattern: re.Pattern[str]) -> str:
    """Return a fact that is text of a form."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _error(name, value, f"text as {pattern.pattern}")
    return str(value)


def _number(name: str, value: Json, least: int, most: int) -> int:
    """Return a fact that is a number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _error(name, value, f"a number from {least} to {most}")
    return int(value)


def _addresses(name: str, value: Json, parse: Callable[[str], _Address], version: str) -> list[Json]:
    """Return a fact that is a list of addresses, each in its short form."""
    try:
        if isinstance(value, (list, tuple)) and len(value) <= _MOST_ADDRESSES:
            return [str(parse(str(address))) for address in value]
    except ValueError:
        pass
    raise _error(name, value, f"a list of {version} addresses")


def _flag(name: str, value: Json) -> bool:
    """Return a fact that is true or false."""
    if not isinstance(value, bool):
        raise _error(name, value, "true or false")
    return value


def _versions(value: Json) -> dict[str, Json]:
    """Return the versions of known programs; of others nothing is decided."""
    if not isinstance(value, Mapping):
        raise _error("versions", value, "a dictionary of versions")
    return {name: _word(f"versions.{name}", value[name], _VERSION) for name in PROGRAMS if name in value}


def _python(value: Json) -> dict[str, Json]:
    """Return the version of Python."""
    version = value.get("version") if isinstance(value, Mapping) else None
    if not isinstance(version, Mapping):
        raise _error("python", value, "a dictionary with its version")
    return {name: _number(f"python.version.{name}", version.get(name), 0, 999) for name in ("major", "minor")}


def _error(name: str, value: Json, expected: str) -> HostResultError:
    """Return the error of a fact."""
    return HostResultError(f"fact {name}: found {harmless(repr(value))[:80]}, expected {expected}")
