"""Which files a process runs although they were replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import replaced_files
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.replaced_files import (
    ReplacedFiles,
    describe_replaced,
    find_replaced,
    replaced_of,
    replaced_paths,
    service_of,
)

SSL = "7f1-7f2 r-xp 00001000 fe:01 1234                   /usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (SSL, {"/usr/lib/x86_64-linux-gnu/libssl.so.3"}),
        ("7f1-7f2 r-xp 00001000 fe:01 1234 /lib/ld.so (deleted)", {"/lib/ld.so"}),
        ("7f1-7f2 r-xp 00000000 fe:01 1234 /usr/bin/python3.11 (deleted)", {"/usr/bin/python3.11"}),
        ("7f1-7f2 r-xs 00000000 fe:01 1234 /opt/asgi/python/3.14/bin/a b (deleted)", {"/opt/asgi/python/3.14/bin/a b"}),
        # What is still there, what is only read, and what no package installs.
        ("7f1-7f2 r-xp 00001000 fe:01 1234 /usr/lib/libssl.so.3", set()),
        ("7f1-7f2 r--p 00001000 fe:01 1234 /usr/lib/locale/C.utf8 (deleted)", set()),
        ("7f1-7f2 rw-p 00001000 fe:01 1234 /usr/lib/libssl.so.3 (deleted)", set()),
        ("7f1-7f2 r-xp 00001000 00:01 1234 /memfd:jit (deleted)", set()),
        ("7f1-7f2 r-xp 00001000 fe:01 1234 /tmp/ffi1234 (deleted)", set()),
        ("7f1-7f2 r-xp 00001000 fe:01 1234 /var/tmp/#77 (deleted)", set()),
        ("7f1-7f2 rwxs 00001000 00:01 1234 /dev/zero (deleted)", set()),
        ("7f1-7f2 rwxs 00001000 00:01 1234 /SYSV00000000 (deleted)", set()),
        ("7f1-7f2 r-xp 00001000 fe:01 1234 /srv/asgi/shop/venvs/1/lib/a.so (deleted)", set()),
        ("7f1-7f2 r-xp 00000000 00:00 0 [vdso]", set()),
        ("7f1-7f2 r-xp 00001000 fe:01 1234 /usr/lib/a (deleted) b", set()),
        ("(deleted) /usr/lib/x (deleted)", set()),
        ("", set()),
    ],
)
def test_only_installed_files_that_run_and_are_deleted_count(line: str, found: set[str]) -> None:
    assert replaced_paths(f"{line}\n55-56 r-xp 00000000 fe:01 9 /usr/lib/libc.so.6\n") == found


@pytest.mark.parametrize(
    ("cgroups", "service"),
    [
        ("0::/system.slice/nginx.service\n", "nginx.service"),
        (
            "0::/system.slice/system-asgi\\x2dshop.slice/asgi-shop@v1-0a1b.service\n",
            "asgi-shop@v1-0a1b.service",
        ),
        ("12:cpu:/\n1:name=systemd:/system.slice/a.service\n0::/system.slice/a.service\n", "a.service"),
        ("0::/user.slice/user-0.slice/user@0.service/app.slice/b.service\n", "b.service"),
        ("0::/system.slice/asgi-shop@v1.service/workers\n", "asgi-shop@v1.service"),
        ("0::/init.scope\n", None),
        ("", None),
    ],
)
def test_a_process_belongs_to_the_service_of_its_cgroup(cgroups: str, service: str | None) -> None:
    assert service_of(cgroups) == service


def process(proc: Path, number: str, service: str, maps: str) -> None:
    folder = proc / number
    folder.mkdir()
    (folder / "cgroup").write_text(f"0::/system.slice/{service}\n")
    (folder / "maps").write_text(maps)


def test_all_processes_of_a_service_count_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaced_files, "PROC", tmp_path)
    process(tmp_path, "1", "a.service", "")
    process(tmp_path, "2", "a.service", f"{SSL}\n")
    process(tmp_path, "3", "a.service", "7f1-7f2 r-xp 0 fe:01 1 /usr/lib/gone.so (deleted)\n")
    process(tmp_path, "4", "b.service", "7f1-7f2 r-xp 0 fe:01 1 /usr/lib/b.so (deleted)\n")
    process(tmp_path, "5", "c.service", "")
    process(tmp_path, "6", "a.service", "")
    (tmp_path / "6" / "maps").unlink()  # it ends just now
    (tmp_path / "self").mkdir()
    found = find_replaced(["a.service", "c.service"])
    assert {name: files.paths for name, files in found.items()} == {
        "a.service": ("/usr/lib/gone.so", "/usr/lib/x86_64-linux-gnu/libssl.so.3")
    }
    assert replaced_of(4).paths == ("/usr/lib/b.so",)
    assert not replaced_of(5) and not replaced_of(77)


def test_the_first_file_that_was_replaced_says_since_when(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.touch()
    second.touch()
    while second.stat().st_ctime == first.stat().st_ctime:
        second.chmod(0o600)  # now
    paths = [str(second), str(first), str(tmp_path / "gone")]
    assert describe_replaced(paths) == ReplacedFiles(tuple(sorted(paths)), first.stat().st_ctime)
    assert describe_replaced(paths[2:]) == ReplacedFiles((paths[2],), None)


def test_this_process_runs_what_is_there() -> None:
    """The maps of a real process are read, and have what it runs."""
    assert not replaced_of(os.getpid())
    text = Path("/proc/self/maps").read_text()
    program = next(line.split()[5] for line in text.splitlines() if "/usr/" in line and line.split()[1][2] == "x")
    assert program in replaced_paths(text.replace(program, f"{program} (deleted)"))
