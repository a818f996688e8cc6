"""Static files are nginx's own: with the headers that browsers need, through a release too."""

from __future__ import annotations

import json

import pytest

from tests.integration.files.conftest import Site
from tests.integration.files.storefront import OLD_SCRIPT

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, max-age=60"
HSTS = "max-age=63072000"


@pytest.mark.parametrize(
    ("path", "kind", "cache"),
    [
        (f"/static/{OLD_SCRIPT}", "application/javascript", FOR_EVER),
        ("/static/css/site.css", "text/css", ASK_AGAIN),
        ("/static/menu-20260131.html", "text/html", ASK_AGAIN),
        ("/assets/index-BxY3d_9k.js", "application/javascript", FOR_EVER),
    ],
)
def test_headers(site: Site, path: str, kind: str, cache: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.headers.get_list("Cache-Control") == [cache]
    assert answer.headers["Strict-Transport-Security"] == HSTS
    unchanged = site.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (unchanged.status_code, unchanged.headers["Cache-Control"]) == (304, cache)
    since = site.get(path, headers={"If-Modified-Since": answer.headers["Last-Modified"]})
    assert since.status_code == 304


def test_compresses(site: Site) -> None:
    plain = site.get(f"/static/{OLD_SCRIPT}", headers={"Accept-Encoding": "identity"})
    packed = site.get(f"/static/{OLD_SCRIPT}", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.text == plain.text


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/css",
        "/static/css/",
        "/static/.htpasswd",
        "/static/none.5d41402abc4b.js",
        "/static/../src/config/settings.toml",
        "/static/..%2f..%2frelease.json",
        "/static/%2e%2e/%2e%2e/environment",
    ],
)
def test_what_is_not_public_is_not_there(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code in (400, 404)
    # No cache keeps this answer, as the next release may bring the file. A client that resolves dots asks the
    # application.
    missing = answer.status_code == 404 and answer.url.path.startswith("/static/")
    assert answer.headers.get("Cache-Control") == ("no-store" if missing else None)
    assert answer.headers["Strict-Transport-Security"] == HSTS


def test_the_application_is_not_asked(site: Site) -> None:
    mark = f"/static/{OLD_SCRIPT}?asked"
    site.get(mark)
    log = site.eventually(f"grep -F '{mark}' /var/log/nginx/asgi/files.access.log").splitlines()
    assert {json.loads(line)["upstream"] for line in log} == {""}


def test_its_answers_keep_their_own_headers(site: Site) -> None:
    answer = site.get("/settings")
    assert "Cache-Control" not in answer.headers
    assert answer.headers["Strict-Transport-Security"] == HSTS
