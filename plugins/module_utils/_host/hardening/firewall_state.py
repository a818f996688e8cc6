"""The firewall as it is on a host: whether its rules are loaded, and which ports belong to applications."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.firewall import TABLE, Firewall, Opening
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import nft
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import FIREWALL_LOADED, NGINX_DEFAULT, UNITS

LOADED = Path(FIREWALL_LOADED)
NGINX_SERVES = Path(NGINX_DEFAULT)


def is_loaded() -> bool:
    """Return whether the kernel has the rules as they were loaded."""
    return nft.is_loaded(TABLE, LOADED)


def with_own_ports(firewall: Firewall) -> Firewall:
    """Return a firewall that also opens the ports of all applications on this host, even of those not in this run."""
    openings = {
        Opening(int(port))
        for file in Path(UNITS).glob("asgi-*.socket")
        for port in re.findall(r"^ListenStream=(\d+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    # Even if no application is behind it any more, unless it has given up its ports.
    if NGINX_SERVES.exists() and re.search(r"^ *listen .*443", NGINX_SERVES.read_text(encoding="utf-8"), re.MULTILINE):
        openings |= {Opening(443), Opening(443, "udp")}
    further = sorted(openings - set(firewall.web), key=lambda opening: (opening.port, opening.protocol))
    return replace(firewall, web=(*firewall.web, *further))
