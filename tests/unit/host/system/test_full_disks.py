"""Which file system has no room, where a program could not write."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.full_disks import (
    FileSystem,
    describe_room,
    explain,
    file_systems,
)

MIB = 2**20
ROOMY = FileSystem("/srv/asgi", 9_000 * MIB, 20_000 * MIB, 900_000, 1_000_000)
FULL = FileSystem("/var/cache/asgi", 3 * MIB, 20_000 * MIB, 900_000, 1_000_000)


def test_an_error_of_another_kind_stays_as_it_is() -> None:
    assert explain("git: no such version") == "git: no such version"


@pytest.mark.parametrize(
    "text",
    [
        "[Errno 28] No space left on device: '/srv/asgi/shop'",
        "error: failed to write: No space left on device (os error 28)",
        "fatal: write error: No space left on device",
        "[Errno 122] Disk quota exceeded",
    ],
)
def test_what_could_not_be_written_is_followed_by_the_room_of_the_host(text: str) -> None:
    first, _newline, room = explain(text).rpartition("\n")
    assert first == text
    assert room.startswith("The host had no room for a while") or room.startswith("The host has no room: /")


def test_only_what_is_full_is_named_with_what_to_do() -> None:
    assert describe_room([ROOMY, FULL]) == (
        "The host has no room: /var/cache/asgi has 3 MiB of 20,000 MiB left, and 900,000 of 1,000,000 inodes. "
        "Make room there, and run again; of an application, a smaller `keep` removes releases"
    )


def test_a_file_system_without_inodes_is_full() -> None:
    assert "no room: /srv/asgi has 9,000 MiB of 20,000 MiB left, and 0 of 1,000,000 inodes" in describe_room(
        [ROOMY._replace(free_files=0)]
    )


def test_a_small_one_with_room_and_one_without_a_limit_of_files_are_not_full() -> None:
    assert not ROOMY._replace(free=20 * MIB, size=40 * MIB).full
    assert not ROOMY._replace(free_files=0, files=0).full


def test_where_a_build_has_given_back_what_it_took_all_are_named() -> None:
    assert describe_room([ROOMY]).startswith(
        "The host had no room for a while, and has some again: /srv/asgi has 9,000 MiB of 20,000 MiB left"
    )


def test_each_file_system_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (found,) = file_systems([str(tmp_path / "none"), str(tmp_path), str(tmp_path / "below")])
    assert found.path == str(tmp_path) and 0 < found.free <= found.size
