"""Uploads that nginx serves: what is refused, and what sends them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.entry import check_entry
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.media import absence, below_media, media_files, running
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan

Facts = Callable[[str], Any]
Plan = Callable[..., AppPlan]

SITE: dict[str, Any] = {"media": {"/media/": "uploads"}}
SERVICE, SOCKET = "asgi-shop.media.service", "asgi-shop.media.socket"


@pytest.fixture
def plan(spec: dict[str, Any], facts: Facts) -> Plan:
    return lambda **options: app_plan({**spec, "storage": ["uploads"], "site": SITE, **options}, facts("13"))


@pytest.mark.parametrize(
    ("options", "errors"),
    [
        ({}, []),
        ({"storage": ["uploads", "private"]}, []),
        (
            {"storage": ["private"]},
            [
                "site.media: /media/ is 'uploads', which is no directory of storage; nginx serves only whole ones, "
                "as in storage: [uploads]"
            ],
        ),
        ({"storage": ["uploads.d/"], "site": {"media": {"/media/": "uploads.d"}}}, []),
        (
            {"storage": ["db.sqlite3"], "site": {"media": {"/media/": "db.sqlite3"}}},
            [
                "site.media: /media/ is 'db.sqlite3', which is no directory of storage; nginx serves only whole ones, "
                "as in storage: [db.sqlite3/]"
            ],
        ),
        (
            {"static": {"/media/css/": "public"}},
            ["site.media: /media/ meets /media/css/ of static; write another beginning of URLs"],
        ),
        (
            {"static": {"/media/": "public"}},
            ["site.media: /media/ meets /media/ of static; write another beginning of URLs"],
        ),
        (
            {"site": {**SITE, "redirects": {"/media/": "/files/"}}},
            ["site.redirects: /media/ is in site.media as well; leave out one of the two"],
        ),
        (
            {"site": {**SITE, "paths": {"/media/private/": {"body_size": "1m"}}}},
            [
                "site.paths./media/private/.body_size: has no effect below site.media, where nothing is sent to; "
                "leave it out"
            ],
        ),
        ({"site": {**SITE, "paths": {"/media/": {"rate": "5/s"}, "/media/private/": {"allow": ["10.0.0.0/8"]}}}}, []),
        (
            {"site": {**SITE, "path": "/blog"}},
            ["site.media: found '/media/', which is not below site.path; write /blog/media/"],
        ),
        (
            {"health": {"readiness": "/media/ready"}},
            [
                "health.readiness: found '/media/ready', which is below /media/ of site.media, where nginx answers by "
                "itself"
            ],
        ),
        (
            {"site": {"media": {"/media/": "uploads", "/media/old/": "uploads"}}},
            ["site.media: /media/old/ lies in /media/"],
        ),
        (
            {"proxy": "none"},
            ["site: is nginx's, and proxy: none has no nginx; leave one of the two out"],
        ),
    ],
)
def test_contradictions_are_refused(spec: dict[str, Any], options: dict[str, Any], errors: list[str]) -> None:
    entry = {**spec, "storage": ["uploads"], "site": SITE, **options}
    assert check_entry(entry, "", None).errors == errors


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("/media/", "/media/"),
        ("/media/a.png", "/media/"),
        ("/media/private/", "/media/"),
        ("/media", None),
        ("/mediaart/", None),
        ("/", None),
    ],
)
def test_a_path_is_below_uploads(path: str, below: str | None) -> None:
    assert below_media(["/media/"], path) == below


def test_rules_of_the_site_hold_for_uploads(plan: Plan) -> None:
    """Its password and networks are asked for, and a path of uploads may have others."""
    users = {"auth": True, "users": {"ops": "long enough for a password"}}
    paths = {"/media/public/": {"auth": False}, "/media/large/": {"rate": "none"}, "/login": {"rate": "5/s"}}
    site = plan(site={**SITE, **users, "paths": paths})["site"]
    actual = {entry["match"]: (entry["media"], entry["auth"], entry["always"]) for entry in site["locations"]}
    assert actual == {
        "/": (False, True, False),
        "= /login": (False, True, False),
        "^~ /media/": (True, True, False),
        "^~ /media/large/": (True, True, False),
        "^~ /media/public/": (True, False, False),
    }


def test_their_program_sees_one_folder(plan: Plan) -> None:
    planned = plan(storage=["uploads", "private"])
    files = {entry["path"]: entry for entry in media_files(planned)}
    folder = "/var/lib/asgi-storage/shop/uploads"
    assert files[folder] == {
        "path": folder,
        "state": "directory",
        "mode": "0750",
        "owner": "asgi-shop",
        "group": "asgi-shop",
    }
    service = str(files[f"/etc/systemd/system/{SERVICE}"]["content"])
    seen = [line for line in service.splitlines() if line.startswith("BindReadOnlyPaths=")]
    assert seen == ["BindReadOnlyPaths=/etc/asgi-deploy/media/shop.conf", f"BindReadOnlyPaths={folder}"]
    assert {"User=asgi-shop", "PrivateNetwork=yes", "ProtectSystem=strict"} <= set(service.splitlines())
    socket = str(files[f"/etc/systemd/system/{SOCKET}"]["content"])
    assert {"SocketUser=root", "SocketGroup=www-data", "SocketMode=0660"} <= set(socket.splitlines())
    assert running(planned) == [SERVICE]


def test_another_url_is_another_unit(plan: Plan) -> None:
    """The unit is restarted when its own file changes."""
    texts = {
        str(entry["content"])
        for prefix in ("/media/", "/files/")
        for entry in media_files(plan(site={"media": {prefix: "uploads"}}))
        if entry["path"].endswith(SERVICE)
    }
    assert len(texts) == 2


def test_without_uploads_nothing_of_it_is_there(plan: Plan) -> None:
    planned = plan(site={})
    assert media_files(planned) == absence("shop")
    assert {entry["state"] for entry in absence("shop")} == {"absent"}
    assert absence("shop")[0]["path"].endswith(SOCKET)
    assert running(planned) == []
