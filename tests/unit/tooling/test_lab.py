"""Addresses, names, inventories and process identities of the lab."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest

from tests.lab import LabError, acme, network
from tests.lab.cli import pairs
from tests.lab.lab import check_name, render_inventory
from tests.lab.process import Process, run
from tests.lab.state import locked, read_json, write_json


def test_the_lowest_free_address_is_taken() -> None:
    assert network.allocate([]) == "198.18.0.11"
    assert network.allocate(["198.18.0.11", "198.18.0.13"]) == "198.18.0.12"


def test_running_out_of_addresses_says_what_to_do() -> None:
    used = [f"198.18.0.{number}" for number in range(1, 255)]
    with pytest.raises(LabError, match="down"):
        network.allocate(used)


def test_resolvers_on_loopback_are_of_no_use_to_hosts() -> None:
    text = "# x\nnameserver 127.0.0.53\nnameserver ::1\noptions edns0\nnameserver 192.0.2.53\n"
    assert network.parse_resolv(text) == ["192.0.2.53"]


@pytest.mark.parametrize("name", ["", "-a", "a-", "a--b", "Web1", "a.b", "../x", "a" * 31, "a b", "a\n"])
def test_names_that_would_not_do(name: str) -> None:
    with pytest.raises(LabError, match="host"):
        check_name("host", name)


def test_words_with_and_without_a_value() -> None:
    assert pairs(["web1=trixie", "web2", "web3="]) == {"web1": "trixie", "web2": None, "web3": None}


def test_inventory() -> None:
    assert render_inventory({"web1": "198.18.0.11"}, Path("/k/id"), "asgi") == (
        "asgi:\n"
        "  hosts:\n"
        "    web1:\n"
        '      ansible_host: "198.18.0.11"\n'
        '      ansible_user: "admin"\n'
        '      ansible_ssh_private_key_file: "/k/id"\n'
        '      ansible_ssh_common_args: "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null'
        ' -o LogLevel=ERROR"\n'
    )
    assert render_inventory({}, Path("/k/id")) == "all:\n  hosts: {}\n"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ("  -http01 string\n  -https01 string\n", "http01"),
        ("  -https01addr string\n  -http01addr string\n", "http01addr"),
        ("  -http-01 string\n", "http-01"),
        ("  -dns01 string\n", None),
    ],
)
def test_flags_are_found_under_their_newer_names(usage: str, expected: str | None) -> None:
    assert acme.flag("http01", usage) == expected


def test_a_process_is_known_by_more_than_its_pid() -> None:
    child = subprocess.Popen(["sleep", "60"])
    process = Process.of(child.pid)
    assert process is not None
    dataclasses.replace(process, start=process.start + 1).end()
    dataclasses.replace(process, boot="other").end()
    assert child.poll() is None
    process.end()
    assert not process.alive
    assert child.wait() < 0


def test_a_failed_command_shows_its_output() -> None:
    with pytest.raises(LabError, match=r"exit 3: sh -c(.|\n)*broken"):
        run(["sh", "-c", "echo broken >&2; exit 3"])
    with pytest.raises(LabError, match="no end after"):
        run(["sleep", "5"], timeout=0.1)


def test_a_truncated_state_file_reads_as_empty(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    write_json(file, {"a": 1})
    assert read_json(file) == {"a": 1}
    assert file.stat().st_mode & 0o777 == 0o644
    file.write_text('{"a"')
    assert read_json(file) == {}


def test_a_lock_file_may_be_removed_by_its_holder(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with locked(lock):
        lock.unlink()
    with locked(lock):
        assert lock.exists()
