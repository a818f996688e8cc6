"""Additions to a release: contradictions between them, and their plan."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.additions import additions_plan, nested, tree_errors


def app(**changes: Any) -> Any:
    return {"files": {}, "storage": [], "cache": [], "static": {}, "proxy": "nginx", "keep_releases": 5} | changes


@pytest.mark.parametrize(
    ("paths", "actual"),
    [
        ([], []),
        (["a", "b", "ab", "a.b"], []),
        (["a/b", "a"], ["a/b lies in a"]),
        (["a", "a/b", "a/b/c"], ["a/b lies in a", "a/b/c lies in a", "a/b/c lies in a/b"]),
        (["/s/", "/s/t/", "/st/"], ["/s/t/ lies in /s/"]),
    ],
)
def test_paths_below_others_are_found(paths: list[str], actual: list[str]) -> None:
    assert nested(paths) == actual


@pytest.mark.parametrize(
    ("options", "errors"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param(
            {
                "files": {"config/a": {}},
                "storage": ["media"],
                "cache": ["var/cache"],
                "static": {"/media/": "media2"},
            },
            [],
            id="all next to each other",
        ),
        pytest.param(
            {"files": {"media/a": {}, "b": {}}, "storage": ["media"]},
            ["files: media/a lies in media, which is storage and belongs to the application"],
            id="file in storage",
        ),
        pytest.param(
            {"files": {"media": {}}, "cache": ["media/thumbs"]},
            ["files: media lies in media/thumbs, which is cache and belongs to the application"],
            id="file above a cache",
        ),
        pytest.param(
            {"storage": ["a", "b"], "cache": ["a", "b/c"]},
            ["cache: a is in storage as well", "cache: b/c lies in b"],
            id="cache in storage",
        ),
        pytest.param(
            {"storage": ["a/", "db.sqlite3"], "cache": ["a", "db.sqlite3/"]},
            ["cache: a is in storage as well", "cache: db.sqlite3 is in storage as well"],
            id="cache in storage, one of them with a slash",
        ),
        pytest.param(
            {"storage": ["public/media"], "static": {"/static/": {"folder": "public"}}},
            [
                "static: the folder public of /static/ meets public/media, which is storage; "
                "nginx serves nothing that the application can write"
            ],
            id="storage in static files",
        ),
        pytest.param(
            {"static": {"/static/": "public"}, "proxy": "none"},
            ["static: is nginx's to serve, and proxy: none has no nginx; leave one of the two out"],
            id="static files without nginx",
        ),
        pytest.param({"static": {"/static/": "public"}, "proxy": "nginx"}, [], id="static files with nginx"),
        pytest.param(
            {"storage": ["media"], "static": {"/static/": "media/public"}},
            [
                "static: the folder media/public of /static/ meets media, which is storage; "
                "nginx serves nothing that the application can write"
            ],
            id="static files in storage",
        ),
    ],
)
def test_contradictions_between_additions_are_errors(options: dict[str, Any], errors: list[str]) -> None:
    assert tree_errors(app(**options)) == errors


def test_plan_has_links_directories_and_folders() -> None:
    options = app(
        storage=["media", "var/uploads", "db.sqlite3", "conf.d/"],
        cache=[".cache", "var/feed.json"],
        static={"/static/": "public", "/assets/": {"folder": "dist", "immutable": True}, "/b/": {"folder": "c"}},
    )
    assert additions_plan(options, Layout("shop")) == {
        "links": {
            "media": "/var/lib/asgi-storage/shop/media",
            "var/uploads": "/var/lib/asgi-storage/shop/var/uploads",
            "db.sqlite3": "/var/lib/asgi-storage/shop/db.sqlite3/db.sqlite3",
            "conf.d": "/var/lib/asgi-storage/shop/conf.d",
            ".cache": "/var/cache/asgi-shop/.cache",
            "var/feed.json": "/var/cache/asgi-shop/var/feed.json/feed.json",
        },
        "written": [
            "/var/lib/asgi/shop",
            "/var/lib/asgi-storage/shop/media",
            "/var/lib/asgi-storage/shop/var/uploads",
            "/var/lib/asgi-storage/shop/db.sqlite3",
            "/var/lib/asgi-storage/shop/conf.d",
            "/var/cache/asgi-shop/.cache",
            "/var/cache/asgi-shop/var/feed.json",
        ],
        "state_directories": [
            "asgi/shop",
            "asgi-storage/shop/media",
            "asgi-storage/shop/var/uploads",
            "asgi-storage/shop/db.sqlite3",
            "asgi-storage/shop/conf.d",
        ],
        "cache_directories": ["asgi-shop/.cache", "asgi-shop/var/feed.json"],
        "static": {"/static/": "public", "/assets/": "dist", "/b/": "c"},
        "static_immutable": ["/assets/"],
        "static_places": ["/current/public", "/previous/public", "/kept/1/public", "/kept/2/public", "/kept/3/public"],
    }
