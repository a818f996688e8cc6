"""Paths, unit names and release ids."""

from __future__ import annotations

import fnmatch
from pathlib import PurePosixPath

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NAME_MAX, SOCKET_PATH_MAX, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import VERSION_MAX, journal_of, release_id

DIGEST = "0a1b2c3d4e5f"


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("home", PurePosixPath("/srv/asgi/shop")),
        ("releases", PurePosixPath("/srv/asgi/shop/releases")),
        ("venvs", PurePosixPath("/srv/asgi/shop/venvs")),
        ("current", PurePosixPath("/srv/asgi/shop/current")),
        ("upstream", PurePosixPath("/srv/asgi/shop/current/app.sock")),
        ("lock", PurePosixPath("/srv/asgi/shop/.lock")),
        ("audit", PurePosixPath("/srv/asgi/shop/deploys.jsonl")),
        ("mirror", PurePosixPath("/var/cache/asgi/git/shop.git")),
        ("data", PurePosixPath("/var/lib/asgi/shop")),
        ("access_log", PurePosixPath("/var/log/nginx/asgi/shop.access.log")),
        ("user", "asgi-shop"),
        ("boot_unit", "asgi-boot@shop.service"),
        ("journal_service", "systemd-journald@asgi-shop.service"),
    ],
)
def test_application(attribute: str, value: object) -> None:
    assert getattr(Layout("shop"), attribute) == value


def test_release() -> None:
    layout = Layout("shop")
    assert layout.release("v1-0a1b2c3d") == PurePosixPath("/srv/asgi/shop/releases/v1-0a1b2c3d")
    assert layout.socket_path("v1-0a1b2c3d") == PurePosixPath("/srv/asgi/shop/releases/v1-0a1b2c3d/app.sock")


@pytest.mark.parametrize(
    ("kind", "unit"),
    [
        ("service", "asgi-shop@v1-0a1b2c3d.service"),
        ("socket", "asgi-shop@v1-0a1b2c3d.socket"),
        ("command", "asgi-shop.command@v1-0a1b2c3d.service"),
        ("drain", "asgi-shop.drain@v1-0a1b2c3d.service"),
    ],
)
def test_unit(kind: str, unit: str) -> None:
    assert kind in Layout.KINDS
    assert Layout("shop").unit(kind, "v1-0a1b2c3d") == unit


def test_units_of_applications_whose_names_begin_alike() -> None:
    names = ["shop", "shop-drain", "shop-command", "shop-socket"]
    units = [Layout(name).unit(kind, "v1") for name in names for kind in Layout.KINDS]
    assert len(set(units)) == len(units)
    for name in names:
        patterns = [Layout(name).unit(kind, "*") for kind in Layout.KINDS]
        actual = {unit for pattern in patterns for unit in fnmatch.filter(units, pattern)}
        assert actual == {Layout(name).unit(kind, "v1") for kind in Layout.KINDS}


@pytest.mark.parametrize(
    ("version", "release"),
    [
        pytest.param("v1.4.2", "v1.4.2-0a1b2c3d", id="tag"),
        pytest.param("HEAD", "HEAD-0a1b2c3d", id="HEAD"),
        pytest.param("feature/new-cart", "feature_new_cart-0a1b2c3d", id="slash and hyphen"),
        pytest.param("v1.0+build.5", "v1.0_build.5-0a1b2c3d", id="plus"),
        pytest.param("a" * 40, f"{'a' * 40}-0a1b2c3d", id="as long as may be"),
        pytest.param("a" * 41, f"{'a' * 40}-0a1b2c3d", id="too long"),
        pytest.param(f"{'a' * 39}/b", f"{'a' * 39}-0a1b2c3d", id="cut at what was replaced"),
        pytest.param("..", "release-0a1b2c3d", id="only dots"),
        pytest.param("//", "release-0a1b2c3d", id="nothing that can stay"),
    ],
)
def test_release_id(version: str, release: str) -> None:
    assert release_id(version, DIGEST) == release


def test_longest_names_fit_a_socket_path() -> None:
    release = release_id("v" * (VERSION_MAX + 1), DIGEST)
    path = Layout("a" * NAME_MAX).socket_path(release)
    assert len(str(path).encode()) <= SOCKET_PATH_MAX


def test_longest_names_fit_a_unit_name() -> None:
    release = release_id("v" * (VERSION_MAX + 1), DIGEST)
    layout = Layout("a" * NAME_MAX)
    assert max(len(layout.unit(kind, release)) for kind in Layout.KINDS) < 256


def test_longest_name_fits_a_user_name() -> None:
    assert len(Layout("a" * NAME_MAX).user) <= 32


@pytest.mark.parametrize(
    ("unit", "namespace"),
    [
        ("asgi-shop@v1-0a1b2c3d.service", "asgi-shop"),
        ("asgi-my-shop.process-mail_2-1@v1-0a1b2c3d.service", "asgi-my-shop"),
        ("asgi-shop.*@*", "asgi-shop"),
        ("asgi-shop.exec-18b@v1.2-0a1b2c3d.service", "asgi-shop"),
        ("asgi-shop.build.service", "asgi-shop"),
        ("asgi-shop.public.socket", "asgi-shop"),
        ("asgi-install.service", None),
        ("asgi-certificates.service", None),
        ("nginx.service", None),
        ("systemd-journald@asgi-shop.service", None),
    ],
)
def test_the_journal_of_a_unit(unit: str, namespace: str | None) -> None:
    assert journal_of(unit) == namespace


def test_the_journal_has_all_that_systemd_runs_for_it() -> None:
    assert Layout("shop").journal_units == (
        "systemd-journald@asgi-shop.service",
        "systemd-journald@asgi-shop.socket",
        "systemd-journald-varlink@asgi-shop.socket",
        "systemd-journald-sync@asgi-shop.service",
    )
