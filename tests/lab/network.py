"""The bridge that the hosts are plugged into, and their way out.

The range is one that RFC 2544 sets aside for tests, so it meets no real network, and everything here is our own:
a bridge, an nftables table, and sysctls whose former values are kept and restored.
"""

from __future__ import annotations

import ipaddress
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from tests.lab.process import LabError, run
from tests.lab.state import STATE, read_json, write_json

BRIDGE = "asgi-lab0"
NETWORK = ipaddress.IPv4Network("198.18.0.0/24")
GATEWAY = "198.18.0.1"
BRIDGE_MAC = "02:00:c6:12:00:01"  # locally administered
FIRST, LAST = 11, 250
TABLE = "asgi_lab"
SAVED = STATE / "network.json"

# Each systemd takes about ten inotify instances, and root's limit is shared by all hosts.
SYSCTLS = {"net/ipv4/ip_forward": 1, "fs/inotify/max_user_instances": 1024}

RULES = f"""
table ip {TABLE}
delete table ip {TABLE}
table ip {TABLE} {{
  chain forward {{
    type filter hook forward priority filter; policy accept;
    iifname "{BRIDGE}" accept
    oifname "{BRIDGE}" ct state established,related accept
    oifname "{BRIDGE}" iifname != "{BRIDGE}" drop
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {NETWORK} ip daddr != {NETWORK} masquerade
  }}
}}
"""


def allocate(used: Iterable[str]) -> str:
    """Return the lowest free address for one more host, over all labs of the machine."""
    taken = set(used)
    for number in range(FIRST, LAST + 1):
        address = str(NETWORK[number])
        if address not in taken:
            return address
    raise LabError(f"no address is left in {NETWORK}: end some labs with `down`")


def uplink_mtu() -> int:
    """Return the MTU of the default route's device: a host with a larger one loses its large packets on the way."""
    routes = json.loads(run(["ip", "-json", "-4", "route", "show", "default"]).stdout or "[]")
    device = routes[0]["dev"] if routes else "lo"
    return min(1500, int(Path(f"/sys/class/net/{device}/mtu").read_text()))


def nameservers() -> list[str]:
    """Return resolvers that a host on the bridge can reach too, which a stub on the machine's loopback is not."""
    for name in ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"):
        result = parse_resolv(Path(name).read_text()) if Path(name).is_file() else []
        if result:
            return result
    raise LabError("the machine's resolv.conf names no resolver outside of its own loopback")


def parse_resolv(text: str) -> list[str]:
    """Return the IPv4 resolvers of a resolv.conf, loopback left out."""
    rows = [line.split() for line in text.splitlines()]
    result = [row[1] for row in rows if len(row) > 1 and row[0] == "nameserver" and ":" not in row[1]]
    return [address for address in result if not ipaddress.ip_address(address).is_loopback]


def up() -> list[str]:
    """Make the bridge and the way out, if they are not there; return warnings."""
    if not Path(f"/sys/class/net/{BRIDGE}").exists():
        run(["ip", "link", "add", BRIDGE, "type", "bridge"])
    run(["ip", "address", "replace", f"{GATEWAY}/{NETWORK.prefixlen}", "dev", BRIDGE])
    # Without an address of its own, a bridge takes the lowest of its ports: it would change under the hosts'
    # neighbour tables with each host that comes or goes, and connections would hang until these expire.
    run(["ip", "link", "set", BRIDGE, "address", BRIDGE_MAC, "mtu", str(uplink_mtu()), "up"])
    saved = read_json(SAVED)
    for key, value in SYSCTLS.items():
        file = Path("/proc/sys", key)
        now = int(file.read_text())
        if now < value:
            # Written down before it is changed: a crash in between must not lose the former value.
            saved.setdefault(key, now)
            write_json(SAVED, saved)
            file.write_text(str(value))
    run(["nft", "-f", "-"], stdin=RULES)
    return foreign_drops()


def forget(address: str) -> None:
    """Forget which host had this address before: a new one would be out of reach until that expires."""
    run(["ip", "neighbour", "del", address, "dev", BRIDGE], check=False)


def foreign_drops() -> list[str]:
    """Return other people's chains that drop forwarded packets: no rule of ours can overrule them."""
    listed = run(["nft", "-json", "list", "chains"], check=False)
    if listed.returncode:
        return []
    chains = [item["chain"] for item in json.loads(listed.stdout)["nftables"] if "chain" in item]
    return [
        f"nftables chain {chain['family']} {chain['table']} {chain['name']} drops forwarded packets; "
        f"hosts stay without a network until it accepts those of {BRIDGE} (see tests/lab/README.md)"
        for chain in chains
        if chain.get("hook") == "forward" and chain.get("policy") == "drop"
    ]


def down() -> None:
    """Remove all of it."""
    if shutil.which("nft"):  # where it is not installed yet, no lab has been
        run(["nft", "delete", "table", "ip", TABLE], check=False)
    run(["ip", "link", "delete", BRIDGE], check=False)
    for key, value in read_json(SAVED).items():
        if key in SYSCTLS:
            Path("/proc/sys", key).write_text(str(value))
    SAVED.unlink(missing_ok=True)
