"""What a build reaches is what was named, by the addresses that were found of it in time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.build_network import (
    ReachableHosts,
    addresses_of,
    look_up,
    proxies,
)

KNOWN = {
    "git.example.com": ["192.0.2.1", "192.0.2.1", "2001:db8::1", "fe80::1%eth0"],
    "pypi.example.com": ["::ffff:192.0.2.2"],
    "wide.example.com": [f"10.0.{number // 250}.{number % 250}" for number in range(1000)],
}


def lookup(name: str) -> Sequence[str]:
    return KNOWN.get(name, [])


def test_all_addresses_of_each_name_are_looked_up() -> None:
    names = ["git.example.com", "pypi.example.com", "no.example.com", "198.51.100.7", "2001:db8:0::2"]
    assert look_up(names, lookup) == {
        "git.example.com": ["192.0.2.1", "2001:db8::1"],
        "pypi.example.com": ["192.0.2.2"],
        "no.example.com": [],
        "198.51.100.7": ["198.51.100.7"],
        "2001:db8:0::2": ["2001:db8::2"],
    }
    assert len(look_up(["wide.example.com"], lookup)["wide.example.com"]) == 64


def test_a_name_server_that_does_not_answer_delays_no_one() -> None:
    answers = threading.Event()

    def silent(name: str) -> Sequence[str]:
        if name == "silent.example.com":
            answers.wait(60)
        return ["192.0.2.1"]

    try:
        actual = look_up(["silent.example.com", "git.example.com"], silent, seconds=0.5)
        assert actual == {"silent.example.com": [], "git.example.com": ["192.0.2.1"]}
    finally:
        answers.set()


def test_this_host_knows_its_own_names() -> None:
    assert "127.0.0.1" in addresses_of("localhost")
    assert addresses_of("no-such-name.invalid") == addresses_of("a..b") == addresses_of("x" * 300) == []


def test_files_and_lines_of_a_build(tmp_path: Path) -> None:
    hosts = {"git.example.com": ["192.0.2.1", "2001:db8::1"], "192.0.2.9": ["192.0.2.9"], "no.example.com": []}
    lines = ReachableHosts({**hosts, "same.example.com": ["192.0.2.1"]}).properties(tmp_path)
    assert lines == [
        "IPAddressDeny=any",
        *("IPAddressAllow=192.0.2.1", "IPAddressAllow=2001:db8::1", "IPAddressAllow=192.0.2.9"),
        f"BindReadOnlyPaths={tmp_path}/hosts:/etc/hosts",
        f"BindReadOnlyPaths={tmp_path}/nsswitch.conf:/etc/nsswitch.conf",
    ]
    assert (tmp_path / "hosts").read_text().splitlines() == [
        *("127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"),
        *("192.0.2.1 git.example.com", "2001:db8::1 git.example.com", "192.0.2.1 same.example.com"),
    ]
    assert "hosts: files\n" in (tmp_path / "nsswitch.conf").read_text()


def test_loopback_is_reached_only_where_it_is_named(tmp_path: Path) -> None:
    assert [line for line in ReachableHosts({}).properties(tmp_path) if line.startswith("IPAddress")] == [
        "IPAddressDeny=any"
    ]
    named = ReachableHosts({"localhost": ["::1", "127.0.0.1"]})
    assert "IPAddressAllow=127.0.0.1" in named.properties(tmp_path)
    assert named.hosts_file() == ReachableHosts({}).hosts_file()


@pytest.mark.parametrize(
    ("environ", "hosts"),
    [
        ({}, []),
        ({"https_proxy": "http://ops:s3cret@proxy.example.com:3128"}, ["proxy.example.com"]),
        ({"HTTP_PROXY": "proxy:3128", "ALL_PROXY": "socks5://[2001:db8::1]:1080"}, ["proxy", "2001:db8::1"]),
        ({"http_proxy": "http://127.0.0.1:3128/", "no_proxy": "a.example.com", "NO_PROXY": "b"}, ["127.0.0.1"]),
        ({"https_proxy": "", "http_proxy": "http://[::1", "PROXY": "a"}, []),
    ],
)
def test_proxies(environ: dict[str, str], hosts: list[str]) -> None:
    assert proxies(environ) == hosts


UV = """error: Failed to fetch: `https://files.example.com/a-1.0-py3-none-any.whl`
  Caused by: dns error
  Caused by: failed to lookup address information: Name or service not known"""
REACH = ReachableHosts({"git.example.com": ["192.0.2.1"], "pypi.example.com": []})
BOUND = "sandbox.outgoing also limits what builds can reach: here git.example.com, pypi.example.com. "


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (UV, f"{BOUND}If it needed another host, write index: {{hosts: [files.example.com]}}"),
        (UV.replace("files", "pypi"), f"{BOUND}This host found no address of pypi.example.com."),
        (
            "connection to https://u:p@Files.example.com:8443/x and http://[2001:db8::7]/y timed out",
            f"{BOUND}If it needed another host, write index: {{hosts: [files.example.com, 2001:db8::7]}}",
        ),
        (
            "HTTPConnectionPool(host='files.example.com', port=80): Max retries exceeded with url: /a.whl (Caused by "
            "NewConnectionError('Failed to establish a new connection: [Errno -2] Name or service not known'))",
            f"{BOUND}If it needed another host, write index: {{hosts: [files.example.com]}}",
        ),
        (
            "PermissionError: [Errno 1] Operation not permitted",
            f"{BOUND}If it needed another host, write index: {{hosts: [files.example.com]}}",
        ),
        ("No solution found when resolving dependencies, see https://docs.example.com", None),
        ("", None),
    ],
)
def test_what_is_said_of_a_host_that_is_not_reached(printed: str, text: str | None) -> None:
    assert REACH.unreachable(printed) == text


def test_what_a_build_prints_is_bounded_in_a_message() -> None:
    printed = "timed out: " + " ".join(f"https://{number}.example.com/" for number in range(10_000))
    assert len(REACH.unreachable(printed) or "") < 400
