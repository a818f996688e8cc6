"""The cloud's metadata service, and the users that it is closed to.

It gives the credentials of the machine's role to everyone who asks from the machine. Rules of nft close it to the users
of an application and of its builds. Where the kernel takes no such rules, lines of units do what they can.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence

from ansible_collections.asgi.deploy.plugins.module_utils._shared.metadata_addresses import (
    CLOSED_ADDRESSES,
    METADATA_ADDRESSES,
    METADATA_OPTION,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import ClosingEntry
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions, SandboxOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts


def errors(options: SandboxOptions) -> list[str]:
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
    # A wide network is meant for other hosts in it: the metadata service stays closed.
    named = [text for text in networks if str(ipaddress.ip_network(text).network_address) in METADATA_ADDRESSES]
    return [
        f"sandbox.outgoing: found {text}, the cloud's metadata service, which is closed; write metadata: true as well, "
        "or leave it out"
        for text in named
        if ipaddress.ip_network(text).num_addresses == 1
    ]


def closing(app: AppOptions, facts: Facts, direct: bool) -> ClosingEntry:
    """Return how rules of nft close it.

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
        # Behind nginx the unit bounds all sockets of the application.
        "outgoing": app["sandbox"]["outgoing"] if by_ports else None,
    }


def unit_lines(app: AppOptions, facts: Facts) -> list[str]:
    """Return lines for the application's units, where the kernel takes no rules of nft."""
    return [] if app["sandbox"]["metadata"] else build_lines(facts)


def build_lines(facts: Facts) -> list[str]:
    """Return such lines for builds; name servers of the host stay open, as such a line knows no ports."""
    if facts.get("nftables", True):
        return []
    return [f"IPAddressDeny={address}" for address in CLOSED_ADDRESSES if address not in facts.get("nameservers", ())]


def notices(app: AppOptions, facts: Facts) -> list[str]:
    """Return what a plan says of it until the entry says it, and what cannot be closed on this host."""
    options = app["sandbox"]
    texts = []
    if app["proxy"] == "none" and options["outgoing"] is not None and not facts.get("nftables", True):
        texts.append(
            "it can reach other hosts than those of sandbox.outgoing, by the socket of its visitors: the kernel of "
            "this host takes no rules of nft"
        )
    if options["metadata"]:
        return texts
    if options["metadata"] is None:
        texts.append(
            "the cloud's metadata service is closed to it; if it uses the machine's role, write "
            f"{METADATA_OPTION}, or else metadata: false, which ends this line"
        )
    if not facts.get("nftables", True):
        named = [address for address in CLOSED_ADDRESSES if address in facts.get("nameservers", ())]
        # In a unit, what it allows wins over what it denies.
        allowed = _within(CLOSED_ADDRESSES, options["outgoing"] or ())
        left = [*named, *(address for address in allowed if address not in named)]
        if left:
            texts.append(
                f"{', '.join(left)} of the cloud's metadata service stays open: the kernel of this host takes no rules "
                "of nft, and resolv.conf or sandbox.outgoing has that address"
            )
    return texts


def _within(addresses: Collection[str], networks: Sequence[str]) -> list[str]:
    """Return those of the addresses that are in one of the networks."""
    parsed = [ipaddress.ip_network(network) for network in networks]
    return [text for text in addresses if any(ipaddress.ip_address(text) in network for network in parsed)]
