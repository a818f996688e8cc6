"""What is said of an application that could not write a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.write_errors import write_advice

HOME = "/srv/asgi/shop"
NEXT_TO_CODE = "The application could not write {} next to its code, which is read-only; write storage: [{}], "
REST = "or cache for what may be lost, in its entry"


@pytest.mark.parametrize(
    ("line", "path", "entry"),
    [
        ("OSError: [Errno 30] Read-only file system: 'state.json'", "state.json", "state.json"),
        ("OSError: [Errno 30] Read-only file system: './var/../uploads'", "uploads", "uploads/"),
        ("PermissionError: [Errno 13] Permission denied: 'logs/app.log'", "logs/app.log", "logs/app.log"),
        (f"OSError: [Errno 30] Read-only file system: '{HOME}/releases/v1-95148f79/src/a.db'", "a.db", "a.db"),
        (f"PermissionError: [Errno 13] Permission denied: '{HOME}/current/src/media'", "media", "media/"),
        ("sh: 1: cannot create stamp.txt: Read-only file system", "stamp.txt", "stamp.txt"),
        ("mkdir: cannot create directory 'thumbs': Read-only file system", "thumbs", "thumbs/"),
    ],
)
def test_a_path_next_to_the_code_is_named_with_its_option(line: str, path: str, entry: str) -> None:
    assert write_advice(f"Traceback (most recent call last):\n{line}\n", HOME) == [
        NEXT_TO_CODE.format(path, entry) + REST
    ]


def test_a_path_elsewhere_is_named() -> None:
    assert write_advice("OSError: [Errno 30] Read-only file system: '/var/log/shop.log'", HOME) == [
        "The application could not write /var/log/shop.log, which is read-only for it; write storage: [media], "
        "or cache for what may be lost, in its entry, and write there"
    ]


def test_the_tree_of_a_subdirectory_is_its_own(tmp_path: Path) -> None:
    release = tmp_path / "releases" / "v1"
    (release / "tree" / "backend").mkdir(parents=True)
    (release / "src").symlink_to("tree/backend")
    line = f"OSError: [Errno 30] Read-only file system: '{release}/tree/backend/db.sqlite3'"
    assert write_advice(line, str(tmp_path)) == [NEXT_TO_CODE.format("db.sqlite3", "db.sqlite3") + REST]


@pytest.mark.parametrize("error", ["attempt to write a readonly database", "unable to open database file"])
def test_sqlite_names_no_path(error: str) -> None:
    assert write_advice(f"sqlite3.OperationalError: {error}", HOME) == [
        "SQLite could not write its database; if that is a file next to the code, write storage: [db.sqlite3], "
        "with its path in the source, in the entry"
    ]


@pytest.mark.parametrize(
    "log",
    [
        "",
        "ModuleNotFoundError: No module named 'shop'",
        "PermissionError: [Errno 13] Permission denied: '/etc/shadow'",
        "OSError: [Errno 30] Read-only file system: 'with a space'",
        f"PermissionError: [Errno 13] Permission denied: '{HOME}/releases/../../x/src/y'",
    ],
)
def test_other_errors_have_no_advice(log: str) -> None:
    assert write_advice(log, HOME) == []
