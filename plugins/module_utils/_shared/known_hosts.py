"""Keys of SSH servers: lines of ssh's known_hosts, as ssh-keyscan prints them. See sshd(8)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

_LINE = re.compile(r"(?:(@cert-authority|@revoked) +)?(\S+) +(\S+) +([A-Za-z0-9+/]+={0,2})(?: [ -~]*)?")
_KIND = re.compile(r"(sk-)?(ssh-ed25519|ecdsa-sha2-nistp(256|384|521))(@openssh\.com)?|ssh-rsa")
_HASHED = re.compile(r"\|1\|([A-Za-z0-9+/]+={0,2})\|([A-Za-z0-9+/]+={0,2})")
_NAMES = re.compile(r"!?[A-Za-z0-9.*?_:\[\]-]+(,!?[A-Za-z0-9.*?_:\[\]-]+)*")


def key_content(kind: str, text: str) -> bytes | None:
    """Return the content of a public key from its kind and its Base64; none if it is no key of that kind.

    A public key is fields with their lengths before them, of which the first is its kind again: RFC 4253, 6.6.
    """
    if not _KIND.fullmatch(kind):
        return None
    try:
        content = left = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    fields = []
    while left:
        size = int.from_bytes(left[:4], "big")
        if len(left) < 4 + size:
            return None
        fields.append(left[4 : 4 + size])
        left = left[4 + size :]
    return content if len(fields) > 1 and fields[0] == kind.encode() else None


@dataclass(frozen=True)
class HostKey:
    """A line of known_hosts."""

    line: str
    names: str
    kind: str
    content: bytes
    marker: str = ""

    @property
    def fingerprint(self) -> str:
        """As ssh and the operators of servers show it."""
        digest = base64.b64encode(hashlib.sha256(self.content).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"

    def is_of(self, server: str) -> bool:
        """Whether the line is about a server, by its names, patterns or the hash of its name."""
        if hashed := _HASHED.fullmatch(self.names):
            salt, digest = (base64.b64decode(part) for part in hashed.groups())
            return hmac.digest(salt, server.lower().encode(), "sha1") == digest
        found = False
        for name in self.names.lower().split(","):
            if _matches(name.removeprefix("!"), server.lower()):
                if name.startswith("!"):
                    return False
                found = True
        return found


def parse_line(line: str) -> HostKey | None:
    """Return what a line says; none if ssh would not take it."""
    found = _LINE.fullmatch(line.strip())
    if not found or not (_NAMES.fullmatch(found[2]) or _is_hash(found[2])):
        return None
    content = key_content(found[3], found[4])
    return HostKey(line.strip(), found[2], found[3], content, found[1] or "") if content else None


def is_comment(line: str) -> bool:
    """Whether a line says nothing of a key, as those that ssh-keyscan and people write above keys."""
    return not line.strip() or line.lstrip().startswith("#")


def keys_of(lines: Iterable[str], server: str) -> list[HostKey]:
    """Return the keys and authorities by which lines know a server; what they revoke is left out."""
    keys = filter(None, map(parse_line, lines))
    return [key for key in keys if key.marker != "@revoked" and key.is_of(server)]


def keyscan(server: str) -> str:
    """Return the command that prints the lines of a server.

    >>> keyscan("[git.example.com]:2222")
    'ssh-keyscan -p 2222 git.example.com'
    """
    host, separator, port = server.rpartition("]:")
    return f"ssh-keyscan -p {port} {host.removeprefix('[')}" if separator else f"ssh-keyscan {server}"


def first_use(host: str, fingerprint: str, line: str) -> str:
    """Return what is said of a key that was trusted because it was the first one seen."""
    return (
        f"trusts {host} by the key that this host saw first, {fingerprint}; compare it with what its operator "
        f"publishes, and write it for all hosts: known_hosts: ['{line}']"
    )


def _is_hash(names: str) -> bool:
    found = _HASHED.fullmatch(names)
    try:
        return found is not None and all(base64.b64decode(part, validate=True) for part in found.groups())
    except ValueError:
        return False


def _matches(pattern: str, name: str) -> bool:
    """Whether a name is what a pattern of ssh means, in which * and ? stand for others."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), name))
