"""What processes of an application may do: the lines of its units, and what each option opens."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import sandbox
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan

Facts = Callable[[str], Any]
Lines = Callable[..., list[str]]


@pytest.fixture
def lines(spec: dict[str, Any], facts: Facts) -> Lines:
    def planned(**options: Any) -> list[str]:
        result: list[str] = app_plan({**spec, **options}, facts("13"))["sandbox_lines"]
        return result

    return planned


def test_other_applications_are_hidden(lines: Lines) -> None:
    actual = lines(storage=["media"])
    for folder in ("/srv/asgi", "/var/lib/asgi", "/var/lib/asgi-storage", "/etc/asgi-deploy"):
        assert f"TemporaryFileSystem={folder}:ro,mode=0755" in actual
    assert "BindReadOnlyPaths=/srv/asgi/shop -/run/systemd/resolve" in actual
    assert [line for line in actual if line.startswith("BindPaths=")] == [
        "BindPaths=-/var/lib/asgi/shop",
        "BindPaths=-/var/lib/asgi-storage/shop",
    ]


def test_build_sees_nothing_that_the_application_stores(spec: dict[str, Any], facts: Facts) -> None:
    options: dict[str, Any] = {
        **{"storage": ["media"], "wheelhouse": "wheels"},
        "sandbox": {"outgoing": [], "groups": ["users"], "dbus": True},
    }
    actual: list[str] = app_plan({**spec, **options}, facts("13"))["build_lines"]
    for folder in ("/srv/asgi", "/var/lib/asgi", "/var/lib/asgi-storage", "/etc/asgi-deploy", "/var/cache/asgi"):
        assert f"TemporaryFileSystem={folder}:ro,mode=0755" in actual
    assert [line for line in actual if line.startswith("Bind")] == [
        "BindReadOnlyPaths=/srv/asgi/shop -/run/systemd/resolve"
    ]
    assert not [line for line in actual if line.startswith("LogNamespace=")]
    hidden = next(line for line in actual if line.startswith("InaccessiblePaths="))
    assert "-/run/dbus" in hidden and "/var/cache/asgi" not in hidden
    # What it has compiled it may run, whatever the application may do.
    assert "MemoryDenyWriteExecute=no" in actual
    assert not [line for line in actual if line.startswith(("NoExecPaths=", "IPAddress", "SupplementaryGroups="))]


def test_sockets_of_other_journals_are_hidden(lines: Lines) -> None:
    """systemd puts those of the namespace in their place."""
    actual = lines()
    assert "TemporaryFileSystem=/run/systemd:ro,mode=0755" in actual
    assert "LogNamespace=asgi-shop" in actual
    assert not [line for line in actual if line.startswith("Bind") and "/run/systemd/journal" in line]
    hidden = next(line for line in actual if line.startswith("InaccessiblePaths="))
    assert "-/var/log/journal -/run/log/journal" in hidden


def test_journal_of_the_host_is_reachable_if_the_application_logs_there(spec: dict[str, Any], facts: Facts) -> None:
    plan = app_plan({**spec, "log": {"journal": "host"}}, facts("13"))
    assert "BindReadOnlyPaths=/run/systemd/journal" in plan["sandbox_lines"]
    assert not [line for line in plan["sandbox_lines"] if line.startswith("LogNamespace=")]
    assert plan["prerequisite_units"] == ["network-online.target"]


def test_application_without_nginx_sees_its_certificate(lines: Lines) -> None:
    tls = "BindReadOnlyPaths=/etc/asgi-deploy/tls/shop"
    assert tls in lines(proxy="none")
    assert tls not in lines()


def test_written_files_cannot_be_run(lines: Lines) -> None:
    actual = lines(storage=["media"], cache=["thumbs"], sandbox={"write": ["/mnt/exports"]})
    [shut] = [line for line in actual if line.startswith("NoExecPaths=")]
    assert shut.split("=")[1].split() == [
        *("/tmp", "/var/tmp", "/var/lib/asgi/shop"),
        *("/var/lib/asgi-storage/shop/media", "/var/cache/asgi-shop/thumbs", "/mnt/exports"),
    ]
    written = [line for line in actual if line.startswith("ReadWritePaths=")]
    assert written == ["ReadWritePaths=/mnt/exports"]


MEMORY_FILES = "SystemCallFilter=~memfd_create memfd_secret"


@pytest.mark.parametrize(
    ("option", "value", "gone", "come"),
    [
        ("jit", True, ["MemoryDenyWriteExecute=yes", MEMORY_FILES], ["MemoryDenyWriteExecute=no"]),
        ("run_stored", True, ["NoExecPaths=/tmp /var/tmp /var/lib/asgi/shop", MEMORY_FILES], []),
        (
            "outgoing",
            ["10.0.0.0/8", "::1"],
            [],
            ["IPAddressDeny=any", *(f"IPAddressAllow={item}" for item in ("localhost", "10.0.0.0/8", "::1"))],
        ),
        ("outgoing", [], [], ["IPAddressDeny=any", "IPAddressAllow=localhost"]),
        ("write", ["/mnt/a", "/srv/b"], None, ["ReadWritePaths=/mnt/a /srv/b"]),
        ("devices", ["/dev/dri/card0"], [], ["DeviceAllow=/dev/dri/card0 rw", "BindPaths=/dev/dri/card0"]),
        ("groups", ["render", "video"], [], ["SupplementaryGroups=render video"]),
        ("namespaces", True, ["RestrictNamespaces=yes"], None),
        ("sockets", ["netlink", "can"], None, ["RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_CAN"]),
        ("syscalls", ["@aio", "ptrace"], [], ["SystemCallFilter=@aio ptrace"]),
    ],
)
def test_option_opens_only_what_it_names(
    lines: Lines, option: str, value: Any, gone: list[str] | None, come: list[str] | None
) -> None:
    """It opens itself, and no other."""
    before, after = lines(), lines(sandbox={option: value}, wheelhouse="wheels")
    if gone is not None:
        assert [line for line in before if line not in after] == gone
    if come is not None:
        assert [line for line in after if line not in before and not line.startswith("NoExecPaths=")] == come


def test_dbus_is_hidden_unless_it_is_allowed(lines: Lines) -> None:
    def hidden(**options: Any) -> list[str]:
        [line] = [line for line in lines(**options) if line.startswith("InaccessiblePaths=")]
        return line.split("=")[1].split()

    assert set(hidden()) - set(hidden(sandbox={"dbus": True})) == {"-/run/dbus"}


def test_allowed_calls_come_after_denied_ones(lines: Lines) -> None:
    """The first entry makes it a list of what is allowed; later ones take away and add."""
    actual = [line for line in lines(sandbox={"syscalls": ["@aio"]}) if line.startswith("SystemCallFilter=")]
    assert [actual[0], actual[-1]] == ["SystemCallFilter=@system-service", "SystemCallFilter=@aio"]


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, {}),
        ({"jit": True, "devices": []}, {"jit": True}),
        ({"outgoing": []}, {"outgoing": []}),
    ],
)
def test_changes_are_the_options_that_differ_from_the_defaults(
    spec: dict[str, Any], facts: Facts, options: dict[str, Any], changes: dict[str, Any]
) -> None:
    """What release_info shows; an empty list is a change."""
    assert app_plan({**spec, "sandbox": options, "wheelhouse": "wheels"}, facts("12"))["sandbox_changes"] == changes


@pytest.mark.parametrize(
    ("rule", "value", "text"),
    [
        ("devices", ["/etc/passwd"], "expected paths of devices, as in [/dev/dri/renderD128]"),
        ("devices", ["/dev/../etc"], "expected paths of devices"),
        ("devices", ["/dev/a b"], "expected paths of devices"),
        ("groups", ["Render"], "expected names of groups, as in [render]"),
        ("groups", ["render", "docker", "sudo"], "found docker, sudo, whose members can become root"),
        ("write", ["exports"], "expected an absolute path, as in /mnt/exports"),
        ("write", ["/"], "expected an absolute path"),
        ("write", ["/mnt/../etc"], "expected an absolute path"),
        ("write", ["/mnt/a\nUser=root"], "expected an absolute path"),
        ("write", ["/mnt/%i"], "expected an absolute path"),
        ("write", ["/etc/shop"], "which belongs to the system"),
        ("write", ["/run"], "which belongs to the system"),
        ("write", ["/home/ops/exports"], "no home is to be seen"),
        ("write", ["/var/lib"], "where applications are kept apart"),
        ("write", ["/srv/asgi/other"], "where applications are kept apart"),
        ("write", ["/srv"], "where applications are kept apart"),
        (
            "syscalls",
            ["@everything"],
            "found '@everything', expected system calls, as in [ptrace], or of their groups: @aio",
        ),
        ("syscalls", ["~ptrace"], "found '~ptrace'"),
        ("syscalls", ["ptrace:kill"], "found 'ptrace:kill'"),
        ("sockets", ["AF_NETLINK"], "expected of netlink, can, bluetooth, vsock, alg"),
        ("outgoing", ["db.example.com"], "expected an address or a network"),
        ("outgoing", ["10.0.0.1/8"], "write 10.0.0.0/8"),
    ],
)
def test_wrong_value_is_refused(rule: str, value: list[str], text: str) -> None:
    assert text in (sandbox.RULES[f"sandbox.{rule}"](value) or "")


def test_groups_of_calls_are_those_of_systemd() -> None:
    """Of the oldest one that is supported; a newer one has these and more."""
    shown = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    assert {line[1:] for line in shown.splitlines() if line.startswith("@")} >= sandbox.CALL_GROUPS
