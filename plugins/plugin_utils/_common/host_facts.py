"""What a host says of itself: the facts that decisions are made by, each of a form that can do no harm."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import HostResultError
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.terminal_text import harmless

_WORDS = {
    "distribution": re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}"),
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
_ADDRESSES = {
    "all_ipv6_addresses": (ipaddress.IPv6Address, "IPv6"),
    "nameservers": (ipaddress.ip_address, "IP"),
}
_TRUTHS = ("nftables",)
_MOST_ADDRESSES = 10_000


def checked_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return those facts that decisions are made by; others are none of our concern.

    Raises:
        HostResultError: one is not as facts are; says which, what was found, and what was expected.
    """
    found: dict[str, Any] = {}
    for name, pattern in _WORDS.items():
        if name in facts:
            found[name] = _word(name, facts[name], pattern)
    for name, (least, most) in _NUMBERS.items():
        if name in facts:
            found[name] = _number(name, facts[name], least, most)
    for name, (kind, called) in _ADDRESSES.items():
        if name in facts:
            found[name] = _addresses(name, facts[name], kind, called)
    for name in _TRUTHS:
        if name in facts:
            found[name] = _truth(name, facts[name])
    if "python" in facts:
        found["python"] = {"version": _python(facts["python"])}
    return found


def _word(name: str, value: Any, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _error(name, value, f"text as {pattern.pattern}")
    return str(value)


def _number(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _error(name, value, f"a number from {least} to {most}")
    return int(value)


def _addresses(name: str, value: Any, kind: Callable[[str], Any], called: str) -> list[str]:
    try:
        if isinstance(value, (list, tuple)) and len(value) <= _MOST_ADDRESSES:
            return [str(kind(str(one))) for one in value]
    except ValueError:
        pass
    raise _error(name, value, f"a list of {called} addresses")


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _error(name, value, "true or false")
    return value


def _python(value: Any) -> dict[str, int]:
    version = value.get("version") if isinstance(value, Mapping) else None
    if not isinstance(version, Mapping):
        raise _error("python", value, "a dictionary with its version")
    return {name: _number(f"python.version.{name}", version.get(name), 0, 999) for name in ("major", "minor")}


def _error(name: str, value: Any, expected: str) -> HostResultError:
    return HostResultError(f"fact {name}: found {harmless(repr(value))[:80]}, expected {expected}")
