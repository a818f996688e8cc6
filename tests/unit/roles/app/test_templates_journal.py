"""How an application's own journal is kept: what journald reads, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from configparser import ConfigParser
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.files import journal_files
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan

Facts = Callable[[str], Any]
Written = Callable[..., dict[str, FileEntry]]


@pytest.fixture
def written(spec: dict[str, Any], facts: Facts) -> Written:
    def files(**options: Any) -> dict[str, FileEntry]:
        return {file["path"]: file for file in journal_files(app_plan({**spec, **options}, facts("13")))}

    return files


def section(file: FileEntry) -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(file["content"] or "")
    [name] = parser.sections()
    return dict(parser[name])


def test_the_hosts_settings_count_but_for_the_size(written: Written) -> None:
    """journald reads the file first, and then the drop-ins of all folders in the order of their names."""
    files = written()
    names = [path for path in files if "/journald@" in path]
    assert names == [
        "/etc/systemd/journald@asgi-shop.conf",
        "/etc/systemd/journald@asgi-shop.conf.d/00-host.conf",
        "/usr/local/lib/systemd/journald@asgi-shop.conf.d",
        "/etc/systemd/journald@asgi-shop.conf.d/~asgi-deploy.conf",
    ]
    assert section(files[names[0]]) == {"Storage": "auto"}
    assert [files[name]["target"] for name in names[1:3]] == [
        "/etc/systemd/journald.conf",
        "/etc/systemd/journald.conf.d",
    ]


@pytest.mark.parametrize(("size", "full", "file"), [(100, 89_600, 12_800), (8, 7168, 1024), (9, 8064, 1152)])
def test_all_files_together_take_what_was_given(written: Written, size: int, full: int, file: int) -> None:
    last = section(written(log={"size": size})["/etc/systemd/journald@asgi-shop.conf.d/~asgi-deploy.conf"])
    for kind in ("System", "Runtime"):
        assert (last[f"{kind}MaxUse"], last[f"{kind}MaxFileSize"]) == (f"{full}K", f"{file}K")
    assert full + file <= size * 1024


def test_it_reaches_no_terminal(written: Written) -> None:
    last = section(written()["/etc/systemd/journald@asgi-shop.conf.d/~asgi-deploy.conf"])
    assert {last[f"ForwardTo{where}"] for where in ("Wall", "Console", "KMsg", "Syslog")} == {"no"}


def test_it_is_kept_for_older_releases_of_one_that_logs_to_the_hosts(written: Written) -> None:
    assert list(written(log={"journal": "host"})) == list(written())
