"""Hosts that a build may connect to where `sandbox.outgoing` is set: named hosts, by their addresses at its start.

The kernel compares addresses, and knows neither names nor ports. So root resolves the names once; the build gets these
addresses in a hosts file of its own, and asks no name server.
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
_MOST_ADDRESSES = 64  # of one name; others are not in the hosts file either
_MOST_NAMED = 5  # hosts in a message
_LOCAL = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
# Only names in the hosts file exist, so that a build does not wait for name servers that it cannot reach.
_NAME_SERVICES = "passwd: files\ngroup: files\nhosts: files\nnetworks: files\nprotocols: files\nservices: files\n"
# URLs, and what pip prints of a connection.
_HOSTS = re.compile(
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
    """The hosts that a build may connect to.

    Attributes:
        hosts: addresses by name; none where no address was found.
    """

    hosts: Mapping[str, Sequence[str]]

    def hosts_file(self) -> str:
        """Return the text of the build's /etc/hosts."""
        names = [name for name in self.hosts if not is_address(name) and name != "localhost"]
        return _LOCAL + "".join(f"{address} {name}\n" for name in names for address in self.hosts[name])

    def properties(self, folder: Path) -> list[str]:
        """Write the files that replace the host's for a build, and return the lines of its unit."""
        files = {"hosts": self.hosts_file(), "nsswitch.conf": _NAME_SERVICES}
        for name, text in files.items():
            write(folder / name, text.encode(), 0o644)
        addresses = dict.fromkeys(address for host in self.hosts.values() for address in host)
        return [
            "IPAddressDeny=any",
            *(f"IPAddressAllow={address}" for address in addresses),
            *(f"BindReadOnlyPaths={folder / name}:/etc/{name}" for name in files),
        ]

    def unreachable(self, printed: str) -> str | None:
        """Return the message about a failed build that could not reach a host; None if that is not why it failed.

        Args:
            printed: what the build printed.
        """
        names = dict.fromkeys(name.strip("[]").lower().rstrip(".") for name in _HOSTS.findall(printed))
        others = [name for name in names if name and name not in self.hosts]
        silent = [name for name, addresses in self.hosts.items() if not addresses and name in printed]
        if not any(sign in printed for sign in (*_NO_NAME, *_NO_WAY)):
            return None
        known = ", ".join(self.hosts) or "no host"
        lines = [f"sandbox.outgoing also limits what builds can reach: here {known}."]
        if silent:
            lines.append(f"This host found no address of {', '.join(silent)}.")
        else:
            examples = others[:_MOST_NAMED] or ["files.example.com"]
            lines.append(f"If it needed another host, write index: {{hosts: [{', '.join(examples)}]}}")
        return " ".join(lines)


def resolve_reachable(names: Iterable[str], environ: Mapping[str, str]) -> ReachableHosts:
    """Return the hosts that a build may connect to, with the proxies in the environment that builds inherit."""
    return ReachableHosts(look_up(dict.fromkeys([*names, *proxies(environ)])))


def proxies(environ: Mapping[str, str]) -> list[str]:
    """Return the hosts of proxies in an environment.

    >>> proxies({"https_proxy": "http://ops:secret@proxy.example.com:3128", "no_proxy": "example.org"})
    ['proxy.example.com']
    """
    values = [value for name, value in environ.items() if re.search(r"(?<!no)_proxy$", name.lower())]
    hosts = []
    for value in values:
        try:
            host = urlsplit(value if "://" in value else f"//{value}").hostname
        except ValueError:  # brackets without an address
            continue
        if host and re.fullmatch(r"[a-z0-9.:-]+", host):
            hosts.append(host)
    return hosts


def addresses_of(name: str) -> list[str]:
    """Return the addresses of a name, by this host's /etc/hosts or its name servers; none if it has none."""
    try:
        entries = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in entries]


def look_up(
    names: Iterable[str], lookup: Lookup = addresses_of, seconds: float = LOOKUP_SECONDS
) -> dict[str, list[str]]:
    """Return the addresses of each name; none where there is no answer in time.

    Args:
        names: names and addresses.
        lookup: returns the addresses of a name.
        seconds: for all names together.
    """
    resolved: dict[str, list[str]] = {name: [] for name in names}

    def resolve(name: str) -> None:
        addresses = map(_plain, [name] if is_address(name) else lookup(name))
        resolved[name] = list(dict.fromkeys(filter(None, addresses)))[:_MOST_ADDRESSES]

    # The C library has no deadline. A thread that waits for it ends with this process.
    threads = [threading.Thread(target=resolve, args=(name,), daemon=True) for name in resolved]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    return dict(resolved)


def _plain(address: str) -> str | None:
    """Return an address as packets contain it; None for a link-local one, or for another text."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.scope_id:
            return None
        return str(parsed.ipv4_mapped or parsed)
    return str(parsed)
