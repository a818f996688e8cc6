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
    """Return the content of a public key from its kind and its Base64; None if it is no key of that kind.

    A public key consists of fields, each after its length; the first one is its kind again: RFC 4253, 6.6.
    """
    if not _KIND.fullmatch(kind):
        return None
    try:
        content = rest = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    fields = []
    while rest:
        size = int.from_bytes(rest[:4], "big")
        if len(rest) < 4 + size:
            return None
        fields.append(rest[4 : 4 + size])
        rest = rest[4 + size :]
    return content if len(fields) > 1 and fields[0] == kind.encode() else None


@dataclass(frozen=True)
class HostKey:
    """A line of known_hosts.

    Attributes:
        line: its text.
        names: of servers, or a hash of one.
        kind: of the key.
        content: of the key.
        marker: @cert-authority, @revoked, or empty.
    """

    line: str
    names: str
    kind: str
    content: bytes
    marker: str = ""

    @property
    def fingerprint(self) -> str:
        """Return its fingerprint, as ssh and the operators of servers show it."""
        digest = base64.b64encode(hashlib.sha256(self.content).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"

    def is_of(self, server: str) -> bool:
        """Return whether the line is about a server, by its names, patterns or the hash of its name."""
        if hashed := _HASHED.fullmatch(self.names):
            salt, digest = (base64.b64decode(part) for part in hashed.groups())
            return hmac.digest(salt, server.lower().encode(), "sha1") == digest
        matches = False
        for name in self.names.lower().split(","):
            if _matches(name.removeprefix("!"), server.lower()):
                if name.startswith("!"):
                    return False
                matches = True
        return matches


def parse_line(line: str) -> HostKey | None:
    """Return the key of a line; None if ssh would ignore the line."""
    match = _LINE.fullmatch(line.strip())
    if not match or not (_NAMES.fullmatch(match[2]) or _is_hash(match[2])):
        return None
    content = key_content(match[3], match[4])
    return HostKey(line.strip(), match[2], match[3], content, match[1] or "") if content else None


def is_comment(line: str) -> bool:
    """Return whether a line is empty or a comment, such as those that ssh-keyscan writes."""
    return not line.strip() or line.lstrip().startswith("#")


def keys_of(lines: Iterable[str], server: str) -> list[HostKey]:
    """Return the keys and authorities of a server in these lines, without revoked ones."""
    keys = filter(None, map(parse_line, lines))
    return [key for key in keys if key.marker != "@revoked" and key.is_of(server)]


def keyscan(server: str) -> str:
    """Return the command that prints the lines of known_hosts for a server.

    >>> keyscan("[git.example.com]:2222")
    'ssh-keyscan -p 2222 git.example.com'
    """
    host, separator, port = server.rpartition("]:")
    return f"ssh-keyscan -p {port} {host.removeprefix('[')}" if separator else f"ssh-keyscan {server}"


def first_use(host: str, fingerprint: str, line: str) -> str:
    """Return the message about a key that is trusted because it was the first one seen."""
    return (
        f"trusts {host} by the key that this host saw first, {fingerprint}; compare it with what its operator "
        f"publishes, and write it for all hosts: known_hosts: ['{line}']"
    )


def _is_hash(names: str) -> bool:
    match = _HASHED.fullmatch(names)
    try:
        return match is not None and all(base64.b64decode(part, validate=True) for part in match.groups())
    except ValueError:
        return False


def _matches(pattern: str, name: str) -> bool:
    """Return whether a name matches a pattern of ssh, in which * and ? are wildcards."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), name))
