"""The rules that close the cloud's metadata service, and what is said of refused packets."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import (
    Bounds,
    describe_refused,
    ruleset,
)

RULES = """\
# Written by asgi.deploy, role app, for the numbers that the users have now.
table inet asgi_metadata_my-shop {
}
delete table inet asgi_metadata_my-shop

table inet asgi_metadata_my-shop {
	counter application {
	}
	counter build {
	}
	chain refused {
		meta l4proto 6 reject with tcp reset
		reject
	}
	chain closed {
		meta l4proto { 6, 17 } th dport 53 accept
		meta skuid 998 counter name application goto refused
		meta skuid 997 counter name build goto refused
	}
	chain output {
		type filter hook output priority filter; policy accept;
		ip daddr { 169.254.169.254, 169.254.170.2, 169.254.170.23, 169.254.42.42, 100.100.100.200, AZURE } jump closed
		ip6 daddr { IPV6 } jump closed
	}
}
"""
RULES = RULES.replace("AZURE", "168.63.129.16").replace(
    "IPV6", "fd00:ec2::254, fd00:ec2::23, fd20:ce::254, fd00:c1::a9fe:a9fe, fd00:42::42, fe80::a9fe:a9fe"
)


def test_the_rules_of_an_application_and_its_builds() -> None:
    assert ruleset("asgi_metadata_my-shop", {"application": 998, "build": 997}) == RULES


def test_a_socket_of_systemd_is_roots_and_counts_as_the_applications() -> None:
    lines = [line.strip() for line in ruleset("t", {"application": 998, "build": 997}, (8443,)).splitlines()]
    at = lines.index("meta skuid 0 tcp sport 8443 counter name application goto refused")
    # Nothing is let through before it but what begins no connection: an answer to a health check of the cloud.
    assert lines[at - 2 : at] == ["chain closed {", "tcp sport 8443 tcp flags & (syn | ack) != syn accept"]
    assert lines.count("counter application {") == 1


def test_where_it_is_open_builds_are_refused_all_the_same() -> None:
    actual = ruleset("t", {"build": 997})
    assert "application" not in actual and "meta skuid 997 counter name build goto refused" in actual


def test_a_socket_of_systemd_leads_nowhere_else() -> None:
    """Nor does one that was accepted by it; what visitors begin is no concern of it."""
    bounds = Bounds(998, (8443,), ("10.0.0.0/8", "10.1.2.3", "2001:db8::/32"))
    lines = [line.strip() for line in ruleset("t", {"application": 998}, (8443,), bounds).splitlines()]
    at = lines.index("chain bounded {")
    assert lines[at + 1 : at + 4] == [
        "ip daddr { 10.0.0.0/8, 127.0.0.0/8 } return",
        "ip6 daddr { ::1/128, 2001:db8::/32 } return",
        "counter name outgoing goto refused",
    ]
    begins = "tcp flags & (syn | ack) == syn jump bounded"
    assert [line for line in lines if line.endswith("jump bounded")] == [
        f"meta skuid 0 tcp sport 8443 {begins}",
        f"meta skuid 998 {begins}",
    ]
    assert "counter outgoing {" in lines


def test_it_does_so_where_the_metadata_service_is_open() -> None:
    lines = ruleset("t", {"build": 997}, bounds=Bounds(998, (443,), ()))
    assert "meta skuid 0 tcp sport 443 tcp flags & (syn | ack) == syn jump bounded" in lines
    assert "counter application" not in lines


@pytest.mark.skipif(shutil.which("nft", path="/usr/sbin") is None, reason="nft is not on this machine")
@pytest.mark.parametrize("ports", [(), (443,)])
@pytest.mark.parametrize("networks", [None, (), ("10.0.0.0/8", "10.1.2.3"), ("0.0.0.0/0", "::/0")])
def test_nft_takes_them(ports: tuple[int, ...], networks: tuple[str, ...] | None) -> None:
    bounds = None if networks is None else Bounds(998, ports, networks)
    text = ruleset("asgi_metadata_my-shop", {"application": 998, "build": 997}, ports, bounds)
    done = subprocess.run(["/usr/sbin/nft", "--check", "--file", "-"], input=text, capture_output=True, text=True)
    assert done.returncode == 0 or "Operation not permitted" in done.stderr, done.stderr


def test_the_message_names_the_option() -> None:
    assert describe_refused({"application": 0, "build": 0}) == describe_refused({}) == []
    assert describe_refused({"application": 3, "build": 1}) == [
        "The application asked the cloud's metadata service, which is closed to it: 3 packets were refused. "
        "If it uses the machine's role, write sandbox: {metadata: true}.",
        "What builds its environment asked the cloud's metadata service, which is closed to every build: "
        "1 packet was refused.",
    ]
    assert describe_refused({"outgoing": 2}) == [
        "The application tried to reach other hosts than those of sandbox.outgoing by the socket of its visitors: "
        "2 packets were refused."
    ]
