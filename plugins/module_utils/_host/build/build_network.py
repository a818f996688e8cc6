"""Which hosts a build reaches where `sandbox.outgoing` is set: those that are named, by their addresses at its start.

The kernel compares addresses, and knows neither names nor ports. So names are looked up once, by root; the build finds
these addresses in a hosts file of its own, and asks no name server.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import is_address

LOOKUP_SECONDS = 30  # for all names together
_MOST_ADDRESSES = 64  # of one name; those that are left out are not in the hosts file either
_MOST_NAMED = 5  # hosts in a message
_LOCAL = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
# Names are what the hosts file has, and no name server is waited for that cannot be reached.
_NAME_SERVICES = "passwd: files\ngroup: files\nhosts: files\nnetworks: files\nprotocols: files\nservices: files\n"
# URLs, and what pip says of a connection.
_ASKED = re.compile(
    r"(?:\b[a-z][a-z0-9+]{1,9}://(?:[^\s/@\"'`<>]{1,200}@)?|\bhost=')(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})"
)
_NO_NAME = (
    *("Name or service not known", "Temporary failure in name resolution", "No address associated with hostname"),
    *("failed to lookup address", "Could not resolve host", "getaddrinfo"),
)
# The first packet of a connection by TCP is dropped, and the kernel sends it again until the program gives up.
_NO_WAY = ("Operation not permitted", "timed out", "Timeout")
Lookup = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class ReachableHosts:
    """The hosts that a build may reach, each with its addresses; none where no address was found."""

    hosts: Mapping[str, Sequence[str]]

    def hosts_file(self) -> str:
        """Return the text of the build's /etc/hosts."""
        found = {name: found for name, found in self.hosts.items() if not is_address(name) and name != "localhost"}
        return _LOCAL + "".join(f"{address} {name}\n" for name, addresses in found.items() for address in addresses)

    def properties(self, folder: Path) -> list[str]:
        """Write the files that a build finds in the place of the host's, and return the lines of its unit."""
        files = {"hosts": self.hosts_file(), "nsswitch.conf": _NAME_SERVICES}
        for name, text in files.items():
            write(folder / name, text.encode(), 0o644)
        addresses = dict.fromkeys(address for found in self.hosts.values() for address in found)
        return [
            "IPAddressDeny=any",
            *(f"IPAddressAllow={address}" for address in addresses),
            *(f"BindReadOnlyPaths={folder / name}:/etc/{name}" for name in files),
        ]

    def missed(self, printed: str) -> str | None:
        """Return what to say of a build that failed and printed this, where that is for a host that it cannot reach."""
        asked = dict.fromkeys(found.strip("[]").lower().rstrip(".") for found in _ASKED.findall(printed))
        asked = {name: None for name in asked if name and name not in self.hosts}
        silent = [name for name, found in self.hosts.items() if not found and name in printed]
        if not any(sign in printed for sign in (*_NO_NAME, *_NO_WAY)):
            return None
        known = ", ".join(self.hosts) or "no host"
        lines = [f"sandbox.outgoing bounds what builds reach, too: here {known}."]
        if silent:
            lines.append(f"This host found no address of {', '.join(silent)}.")
        else:
            wanted = list(asked)[:_MOST_NAMED] or ["files.example.com"]
            lines.append(f"If it needed another host, write index: {{hosts: [{', '.join(wanted)}]}}")
        return " ".join(lines)


def resolve_reachable(names: Iterable[str], environ: Mapping[str, str]) -> ReachableHosts:
    """Look up the hosts that a build may reach, and those of proxies, which builds learn from our environment."""
    return ReachableHosts(look_up(dict.fromkeys([*names, *proxies(environ)])))


def proxies(environ: Mapping[str, str]) -> list[str]:
    """Return the hosts of proxies in an environment.

    >>> proxies({"https_proxy": "http://ops:secret@proxy.example.com:3128", "no_proxy": "example.org"})
    ['proxy.example.com']
    """
    values = [value for name, value in environ.items() if re.search(r"(?<!no)_proxy$", name.lower())]
    found = []
    for value in values:
        try:
            host = urlsplit(value if "://" in value else f"//{value}").hostname
        except ValueError:  # an address in brackets that is none
            continue
        if host and re.fullmatch(r"[a-z0-9.:-]+", host):
            found.append(host)
    return found


def addresses_of(name: str) -> list[str]:
    """Return the addresses that this host knows of a name, by its own /etc/hosts or its name servers."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(one[4][0]) for one in found]


def look_up(
    names: Iterable[str], lookup: Lookup = addresses_of, seconds: float = LOOKUP_SECONDS
) -> dict[str, list[str]]:
    """Return the addresses of each name; none where the answer did not come in time, or is none."""
    found: dict[str, list[str]] = {name: [] for name in names}

    def look(name: str) -> None:
        addresses = map(_plain, [name] if is_address(name) else lookup(name))
        found[name] = list(dict.fromkeys(filter(None, addresses)))[:_MOST_ADDRESSES]

    # The C library knows no deadline. What waits for it ends with us.
    threads = [threading.Thread(target=look, args=(name,), daemon=True) for name in found]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    return dict(found)


def _plain(address: str) -> str | None:
    """Return an address as packets have it; nothing for a link-local one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id:
            return None
        return str(found.ipv4_mapped or found)
    return str(found)
