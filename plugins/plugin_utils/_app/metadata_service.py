"""The cloud's metadata service, and to whom it is closed.

It hands the credentials of the machine's role to everybody who asks from the machine. Rules of nft close it to the
users of an application and of its builds; where the kernel takes none, lines of their units do what they can.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.metadata_addresses import (
    CLOSED_ADDRESSES,
    METADATA_ADDRESSES,
    METADATA_OPTION,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts


def errors(options: Mapping[str, Any]) -> list[str]:
    """Return what contradicts itself in `sandbox`; each begins with the option's name."""
    networks = options["outgoing"]
    if networks is None:
        return []
    if options["metadata"]:
        if not _within(METADATA_ADDRESSES, networks):
            return [
                "sandbox.metadata: true has no effect with sandbox.outgoing, whose networks hold no address of the "
                f"metadata service; add {METADATA_ADDRESSES[0]} there, or leave metadata out"
            ]
        return []
    # A wide network is meant for others in it, and the metadata service stays closed.
    named = [one for one in networks if str(ipaddress.ip_network(one).network_address) in METADATA_ADDRESSES]
    return [
        f"sandbox.outgoing: found {one}, the cloud's metadata service, which is closed; write metadata: true as well, "
        "or leave it out"
        for one in named
        if ipaddress.ip_network(one).num_addresses == 1
    ]


def closing(app: Mapping[str, Any], facts: Facts, direct: bool) -> dict[str, Any]:
    """Return which users rules of nft keep from it, as the release takes it.

    Args:
        app: the application's options.
        facts: the host's.
        direct: whether it serves without nginx, by a socket that systemd made, which is root's.
    """
    by_nft = bool(facts.get("nftables", True))
    by_ports = direct and by_nft
    return {
        "by_nft": by_nft,
        "application": not app["sandbox"]["metadata"],
        "ports": [app["tls"]["port"]] if by_ports else [],
        # Behind nginx its unit bounds all sockets that it has.
        "outgoing": app["sandbox"]["outgoing"] if by_ports else None,
    }


def unit_lines(app: Mapping[str, Any], facts: Facts) -> list[str]:
    """Return lines for the application's units, where the kernel takes no rules of nft."""
    return [] if app["sandbox"]["metadata"] else build_lines(facts)


def build_lines(facts: Facts) -> list[str]:
    """Return such lines for what builds it; what the host asks for names stays open, as such a line knows no ports."""
    if facts.get("nftables", True):
        return []
    return [f"IPAddressDeny={one}" for one in CLOSED_ADDRESSES if one not in facts.get("nameservers", ())]


def notices(app: Mapping[str, Any], facts: Facts) -> list[str]:
    """Return what a plan says of it, until the entry does, and what cannot be closed on this host."""
    options = app["sandbox"]
    told = []
    if app["proxy"] == "none" and options["outgoing"] is not None and not facts.get("nftables", True):
        told.append(
            "it can reach other hosts than those of sandbox.outgoing, by the socket of its visitors: the kernel of "
            "this host takes no rules of nft"
        )
    if options["metadata"]:
        return told
    if options["metadata"] is None:
        told.append(
            "the cloud's metadata service is closed to it; if it uses the machine's role, write "
            f"{METADATA_OPTION}, or else metadata: false, which ends this line"
        )
    if not facts.get("nftables", True):
        named = [one for one in CLOSED_ADDRESSES if one in facts.get("nameservers", ())]
        # What a unit allows goes before what it denies.
        left = [*named, *(one for one in _within(CLOSED_ADDRESSES, options["outgoing"] or ()) if one not in named)]
        if left:
            told.append(
                f"{', '.join(left)} of the cloud's metadata service stays open: the kernel of this host takes no rules "
                "of nft, and resolv.conf or sandbox.outgoing has that address"
            )
    return told


def _within(addresses: Collection[str], networks: Sequence[str]) -> list[str]:
    """Return those of the addresses that are in one of the networks."""
    known = [ipaddress.ip_network(one) for one in networks]
    return [one for one in addresses if any(ipaddress.ip_address(one) in network for network in known)]
