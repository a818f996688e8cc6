"""Rules for the values of options that a type does not describe fully.

Each rule takes a value and returns what is wrong with it, or None. A value that passes is safe in paths, unit files,
nginx files and command lines.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NAME_MAX
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import visible

Rule = Callable[[Any], "str | None"]

# An application owns units named asgi-NAME@RELEASE: with such a name it would remove asgi-boot@ and the like.
RESERVED_NAMES = {"boot", "failed", "metadata", "nginx"}

NAME = re.compile(r"[a-z](-?[a-z0-9])*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PATH = re.compile(r"/[A-Za-z0-9/._~%?&=+-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SIZE = re.compile(r"[0-9]{1,9}[kKmMgG]?")
_EMAIL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_FOLDER = re.compile(r"(/[A-Za-z0-9._-]+)+")
_URL_PATH = re.compile(r"/[A-Za-z0-9/._~-]*")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # those but tabs and ends of lines
_NETWORK = re.compile(r"[0-9A-Fa-f.:]+(/[0-9]{1,3})?")


def name(value: str) -> str | None:
    """Return what is wrong with the name of an application."""
    if value in RESERVED_NAMES:
        return f"found {value!r}, which is the name of a unit of ours; choose another"
    if len(value) > NAME_MAX or not NAME.fullmatch(value):
        return (
            f"found {value!r}, expected at most {NAME_MAX} lower-case letters, digits and single hyphens, "
            "beginning with a letter, as in name: shop"
        )
    return None


def sha256(value: str) -> str | None:
    """Return what is wrong with a SHA-256 in hexadecimal digits."""
    return None if _SHA256.fullmatch(value) else f"found {value!r}, expected 64 digits of 0-9 and a-f"


def web_url(value: str) -> str | None:
    """Return what is wrong with a URL of the web."""
    try:
        url = urlsplit(value)
        if url.username is not None or url.password is not None:
            return "holds a user or a password; leave them out"
        if (
            url.scheme in ("http", "https")
            and url.hostname
            and url.port != 0
            and not re.search(r"[\s\x00-\x1f]", value)
        ):
            return None
    except ValueError:  # an address in brackets that is none, a port that is no number
        pass
    return f"found {value!r}, expected a URL that begins with https:// or http://"


def word(value: str) -> str | None:
    """Return what is wrong with a text without spaces."""
    return None if re.fullmatch(r"[^\s\x00-\x1f\x7f]+", value) else "is empty, or holds a space or a control character"


def controller_path(value: str) -> str | None:
    """Return what is wrong with a path on the controller."""
    return (
        None if value.strip() and not CONTROL.search(value) else f"found {value!r}, expected a path on the controller"
    )


def _ascii(value: str) -> str:
    """Return the ASCII form of a name for the DNS: each label in Punycode, as IDNA 2008 defines it for lower case.

    Python's own codec follows IDNA 2003, which changes some names: straße.example becomes strasse.example.
    """
    labels = re.split("[.\u3002\uff0e\uff61]", unicodedata.normalize("NFKC", value).lower())
    return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)


def domain(value: str) -> str | None:
    """Return what is wrong with a host name or an address."""
    # Two invisible characters belong to letters of some scripts: RFC 5892, A.1 and A.2.
    if hidden := [char for char in value if char not in " \u200c\u200d" and not visible(char)]:
        return f"found {value!r}, which holds U+{ord(hidden[0]):04X}, which is invisible; type the name again"
    if not value.isascii() and (written := _ascii(value)) and domain(written) is None:
        return f"found {value!r}, expected its ASCII form, {written!r}"
    if is_address(value):
        short = str(ipaddress.ip_address(value))
        return None if value == short else f"found {value!r}, expected its short form, {short}"
    labels = value.split(".")
    if len(value) > 253 or len(labels) < 2 or labels[-1].isdigit() or not all(map(_LABEL.fullmatch, labels)):
        hint = ""
        if value != value.lower() and domain(value.lower()) is None:
            hint = f", in lower case: {value.lower()}"
        elif "//" in value:
            hint = ", without scheme and path"
        elif re.fullmatch(r"[^:]+:\d+", value):
            hint = ", without a port"
        elif value.endswith(".") and domain(value[:-1]) is None:
            hint = ", without the dot at its end"
        elif "_" in value:
            hint = " of letters, digits and hyphens"
        elif len(value) > 253 or any(len(label) > 63 for label in labels):
            hint = " of at most 253 characters, with at most 63 between dots"
        elif labels[-1].isdigit():
            hint = " or an address, as in 203.0.113.7"
        return f"found {value!r}, expected a host name{hint or ', as in shop.example.com'}"
    return None


def domains(value: list[str]) -> str | None:
    """Return what is wrong with the domains of an application."""
    if not value:
        return "found an empty list, expected at least one host name or address, as in domains: [shop.example.com]"
    twice = sorted({item for item in value if value.count(item) > 1})
    if twice:
        return f"found {', '.join(twice)} twice"
    if value[0].startswith("*."):
        return f"found {value[0]!r} in the first place; expected a name without a wildcard there, for probes to ask by"
    return "; ".join(filter(None, (domain(item.removeprefix("*.")) for item in value))) or None


def names(value: list[str]) -> str | None:
    """Return what is wrong with a list of host names, which may be empty."""
    return domains(value) if value else None


def path(value: str) -> str | None:
    """Return what is wrong with an absolute path of a URL, with a query."""
    return None if _PATH.fullmatch(value) else f"found {value!r}, expected an absolute path of a URL, as in /ready"


def between(least: float, most: float, unit: str) -> Rule:
    """Return a rule for numbers within bounds."""

    def rule(value: float) -> str | None:
        """Return what is wrong with a number."""
        return None if least <= value <= most else f"found {value}, expected {least} to {most} {unit}"

    return rule


def size(value: str) -> str | None:
    """Return what is wrong with a size, as nginx writes it."""
    return None if _SIZE.fullmatch(value) else f"found {value!r}, expected a size as nginx writes it, as in 16m"


def email(value: str) -> str | None:
    """Return what is wrong with an email address."""
    return None if _EMAIL.fullmatch(value) else f"found {value!r}, expected an address, as in ops@example.com"


def folder(value: str) -> str | None:
    """Return what is wrong with an absolute path."""
    return None if _FOLDER.fullmatch(value) else f"found {value!r}, expected an absolute path, as in /dev/shm"


def url_path(value: str) -> str | None:
    """Return what is wrong with a path of a URL without a query."""
    if _URL_PATH.fullmatch(value) and value != "/":
        return None
    return f"found {value!r}, expected a path of a URL other than /, as in /ready"


def networks(value: list[str]) -> str | None:
    """Return what is wrong with a list of addresses and networks."""
    return "; ".join(text for item in value if (text := _network(item))) or None


def _network(item: str) -> str | None:
    """Return what is wrong with an address or a network."""
    try:
        # Python accepts zones as well, which are valid on one host only.
        meant = ipaddress.ip_network(item, strict=False) if "%" not in item else None
    except ValueError:
        meant = None
    if meant is None:
        return f"found {item!r}, expected an address or a network, as in 10.0.0.0/8 or 2001:db8::/32"
    if not _NETWORK.fullmatch(item):
        return f"found {item!r}, expected how many bits of it are the network's; write {meant}"
    if meant.network_address != ipaddress.ip_interface(item).ip:
        return f"found {item!r}, whose address has more bits than the network; write {meant}"
    return None


def snippet(value: str) -> str | None:
    """Return what is wrong with a piece of nginx configuration, as far as that is visible without nginx: its blocks."""
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", value):
        return "holds a control character"
    depth, rest = 0, re.sub(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|(?:^|(?<=\s))#[^\n]*", "", value)
    for sign in re.findall(r"(?<!\\)[{}]", rest):
        depth += 1 if sign == "{" else -1
        if depth < 0:
            return "ends a block that it has not begun; take out the } that is too many"
    if depth:
        return "begins a block that it does not end; a } is missing"
    if rest.strip() and rest.rstrip()[-1] not in ";}":
        return "does not end with ; or }"
    return None


def rule_errors(rules: Mapping[str, Rule], options: Mapping[str, Json], where: str = "") -> list[str]:
    """Return the errors of resolved options by their rules; options without a value were reported before.

    Args:
        rules: by the dotted name of an option.
        options: with their defaults.
        where: the text before the name of an option in a message.
    """
    errors = []
    for key, rule in rules.items():
        first, *inner = key.split(".")
        value = options.get(first)
        for part in inner:
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None and (error := rule(value)):
            errors.append(f"{where}{key}: {error}")
    return errors
