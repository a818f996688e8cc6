"""A command in the live release, as far as it can be tested without systemd."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.execution import (
    CommandOutcome,
    Execution,
    exit_status,
    printed_lines,
    properties,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout


@pytest.fixture(name="layout")
def a_live_release(tmp_path: Path) -> Layout:
    layout = Layout("shop", PurePosixPath(tmp_path))
    release = Path(layout.release("v1-0a1b2c3d"))
    programs = release / "venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "alembic").write_text("#!/bin/sh\n", encoding="utf-8")
    (programs / "alembic").chmod(0o755)
    (release / "release.json").write_text(json.dumps({"states": {"live": 1}}), encoding="utf-8")
    Path(layout.current).symlink_to(release)
    return layout


def test_predict(layout: Layout) -> None:
    assert Execution(layout, "alembic current", 60).predict() == CommandOutcome(
        "v1-0a1b2c3d", 0, "was not run, as this is check mode; it would run"
    )


def test_command(layout: Layout) -> None:
    """The release's own program comes first."""
    release, argv = Execution(layout, "alembic upgrade '$HOME 100%'", 60)._resolve()
    assert argv == [str(layout.release(release) / "venv" / "bin" / "alembic"), "upgrade", "$HOME 100%"]
    assert Execution(layout, "sh -c true", 60)._resolve()[1][0] in ("/usr/bin/sh", "/bin/sh")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("alembic 'head", "which is not written as for a shell: No closing quotation"),
        ("  ", "command: found none, expected one as in python -m shop.users list"),
        ("no-such-program x", "whose program no-such-program is neither in"),
    ],
)
def test_command_that_cannot_run(layout: Layout, command: str, text: str) -> None:
    with pytest.raises(DeployError, match=text):
        Execution(layout, command, 60).predict()


def test_nothing_live(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="shop: nothing is live on this host"):
        Execution(Layout("shop", PurePosixPath(tmp_path)), "true", 60).predict()


def test_release_without_a_sandbox(layout: Layout) -> None:
    """Nothing is run outside of one."""
    with pytest.raises(DeployError, match=r"sandbox\.conf is missing; release the application again"):
        Execution(layout, "true", 60)._properties("v1-0a1b2c3d")


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("LogNamespace=asgi-shop", {"Wants", "After"}),
        ("BindReadOnlyPaths=/run/systemd/journal", set()),
    ],
)
def test_its_journald_starts_first(layout: Layout, line: str, asked: set[str]) -> None:
    argv = Execution(layout, "true", 60)._systemd_run("asgi-shop.exec-1@v1.service", "v1", [line], ["/bin/true"])
    actual = [word for word in argv if word.endswith("=systemd-journald@asgi-shop.service")]
    assert {word.split("=")[1] for word in actual} == asked


def test_properties() -> None:
    text = "# a comment\nUser=asgi-shop\n\nEnvironment=A=%i B=100%%\nCapabilityBoundingSet=\n"
    assert properties(text, "v1") == ["User=asgi-shop", "Environment=A=v1 B=100%", "CapabilityBoundingSet="]


@pytest.mark.parametrize(
    ("actual", "status"),
    [
        ({"ExecMainCode": "1", "ExecMainStatus": "7"}, 7),
        ({"ExecMainCode": "2", "ExecMainStatus": "15"}, 143),
        ({"ExecMainCode": "3", "ExecMainStatus": "11"}, 139),
        ({"ExecMainCode": "1", "ExecMainStatus": "0"}, 1),
        ({}, 1),
    ],
)
def test_exit_status(actual: dict[str, str], status: int) -> None:
    """A unit that failed never ends with 0, whatever its process did."""
    assert exit_status(actual) == status


def test_printed() -> None:
    assert list(printed_lines(CommandOutcome("v1", 0, "", "a\nb\n", "c\n"))) == ["a", "b", "c"]
