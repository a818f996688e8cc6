"""What the firewall lets in, whom it would shut out, and that nft itself takes the text."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.firewall import (
    Firewall,
    Listener,
    Opening,
    admits,
    blocked_listeners,
    parse_listeners,
    ruleset,
)

EPHEMERAL = 32_768
WEB = (Opening(80), Opening(443), Opening(443, "udp"))
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 4711 1\n"


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def test_lets_in_the_web_and_ssh_and_nothing_else() -> None:
    text = lines(ruleset(Firewall(web=WEB), [22], EPHEMERAL))
    assert "type filter hook input priority filter; policy drop;" in text
    assert [line for line in text if "dport" in line and "accept" in line and "notrack" not in line] == [
        "tcp dport { 80, 443 } accept",
        "udp dport { 443 } accept",
        "ct state new tcp dport >= 32768 tcp flags & (syn | ack) == ack accept",
        "udp sport 67 udp dport 68 accept",
        "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
        "tcp dport 22 accept",
    ]


def test_replaces_itself_in_one_step() -> None:
    """A table that is deleted before it is made again, in the same file, is never missing."""
    text = ruleset(Firewall(web=WEB), [22], EPHEMERAL)
    assert (
        text.index("table inet asgi_firewall {\n}")
        < text.index("delete table inet asgi_firewall")
        < text.index("chain")
    )


def test_visitors_are_not_tracked() -> None:
    text = lines(ruleset(Firewall(web=(*WEB, Opening(8443))), [22], EPHEMERAL))
    assert "fib daddr type local tcp dport { 80, 443, 8443 } notrack" in text
    assert "fib saddr type local udp sport { 443 } notrack" in text
    assert not any("22" in line and "notrack" in line for line in text)


def test_every_port_of_sshd_stays_open() -> None:
    text = lines(ruleset(Firewall(), [2222, 22, 22], EPHEMERAL))
    assert [line for line in text if "22 accept" in line] == ["tcp dport 22 accept", "tcp dport 2222 accept"]


def test_networks() -> None:
    some = Opening(9100, "tcp", ("10.0.0.0/8", "2001:db8::/32", "192.0.2.1"))
    text = lines(ruleset(Firewall(openings=(some,), ssh_allow=("192.0.2.0/24",)), [22], EPHEMERAL))
    assert "ip saddr { 10.0.0.0/8, 192.0.2.1/32 } tcp dport 9100 accept" in text
    assert "ip6 saddr { 2001:db8::/32 } tcp dport 9100 accept" in text
    assert "ip saddr { 192.0.2.0/24 } tcp dport 22 accept" in text
    assert "tcp dport 22 accept" not in text


@pytest.mark.parametrize(
    "firewall",
    [
        Firewall(),
        Firewall(web=WEB),
        Firewall(
            web=(*WEB, Opening(8443)),
            openings=(Opening(9100, "tcp", ("10.0.0.0/8", "2001:db8::/32")), Opening(51820, "udp")),
            ssh_allow=("192.0.2.0/24", "2001:db8::1"),
            rules=('ip saddr 10.0.0.0/8 udp dport { 161, 162 } accept comment "ops"', "tcp dport 25 accept"),
        ),
    ],
)
def test_nft_takes_it(firewall: Firewall, tmp_path: Path) -> None:
    file = tmp_path / "rules.nft"
    file.write_text(ruleset(firewall, [22], EPHEMERAL), encoding="utf-8")
    argv = ["unshare", "--map-root-user", "--net", "nft", "--check", "--file", str(file)]
    checked = subprocess.run(argv, capture_output=True, text=True, check=False)
    if "unshare failed" in checked.stderr:
        pytest.skip("no network namespace of one's own here")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("address", "state", "protocol", "port"),
    [
        ("00000000:1538", "0A", "tcp", 5432),
        ("0100007F:1538", "0A", "tcp", None),
        ("0B00C612:1538", "0A", "tcp", 5432),
        ("00000000000000000000000000000000:1538", "0A", "tcp", 5432),
        ("00000000000000000000000001000000:1538", "0A", "tcp", None),
        ("0000000000000000FFFF00000100007F:1538", "0A", "tcp", None),
        ("00000000:1538", "01", "tcp", None),
        ("00000000:CA6C", "07", "udp", 51820),
        ("00000000:CA6C", "01", "udp", None),
        ("00000000:0070", "07", "ip", 112),
    ],
)
def test_who_can_be_reached(address: str, state: str, protocol: str, port: int | None) -> None:
    actual = parse_listeners(HEAD + ROW.format(address=address, state=state), protocol)
    assert actual == ([Listener(protocol, port, "4711")] if port else [])


def shut(firewall: Firewall, *listeners: Listener) -> list[int]:
    return [listener.port for listener in blocked_listeners(firewall, [22], listeners, 32768)]


def test_shuts_out_no_one_unasked() -> None:
    database, metrics = Listener("tcp", 5432, "1", "postgres"), Listener("tcp", 9100, "2", "node_exporter")
    both = (database, Listener("tcp", 5432, "3", "postgres"), metrics)
    assert shut(Firewall(web=WEB), *both) == [5432, 9100]
    assert shut(Firewall(web=WEB, openings=(Opening(9100),), closed=(5432,)), *both) == []
    assert shut(Firewall(rules=("ip saddr 10.0.0.0/8 tcp dport { 5432, 9100 } accept",)), *both) == []
    assert shut(Firewall(rules=("udp dport 5432 accept", "tcp dport 9100 drop")), *both) == [5432]


def test_other_protocols_are_reported() -> None:
    """VRRP of keepalived is one: without it each of two hosts takes itself for the only one."""
    vrrp, ping = Listener("ip", 112, "1", "keepalived"), Listener("ip", 1, "2", "ping")
    assert shut(Firewall(web=WEB), vrrp, ping) == [112]
    for rule in ("meta l4proto 112 accept", "ip protocol { 89, 112 } accept", "meta l4proto 112 drop"):
        assert shut(Firewall(web=WEB, rules=(rule,)), vrrp) == []
    assert shut(Firewall(web=WEB, rules=("tcp dport 112 accept",)), vrrp) == [112]


def test_what_needs_no_door() -> None:
    needless = (
        Listener("tcp", 22, "1", "sshd"),
        Listener("tcp", 443, "2", "nginx"),
        Listener("udp", 68, "3", "systemd-network"),
        Listener("udp", 40000, "4", "systemd-resolve"),
        Listener("tcp", 8080, "5", "docker-proxy"),
    )
    assert shut(Firewall(web=WEB), *needless) == []


def test_a_tunnel_of_the_kernel_is_no_client() -> None:
    assert shut(Firewall(web=WEB), Listener("udp", 51820, "0", "")) == [51820]


@pytest.mark.parametrize(
    ("networks", "address", "through"),
    [
        ((), "192.0.2.7", True),
        (("192.0.2.0/24",), "192.0.2.7", True),
        (("192.0.2.0/24",), "::ffff:192.0.2.7", True),
        (("192.0.2.0/24",), "198.51.100.7", False),
        (("192.0.2.0/24",), "fe80::1%eth0", False),
        (("192.0.2.0/24", "2001:db8::/32"), "2001:db8::7", True),
    ],
)
def test_ssh(networks: tuple[str, ...], address: str, through: bool) -> None:
    assert admits(Firewall(ssh_allow=networks), address) is through
