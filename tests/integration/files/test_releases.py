"""A release and the way back under traffic: what is stored stays, and every page finds its files."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from tests.integration.files.conftest import INVENTORY, Site, run
from tests.integration.files.storefront import NEW_SCRIPT, OLD_SCRIPT
from tests.integration.release.test_releases import traffic

MEDIA = "/srv/asgi/files/current/src/media"


@contextmanager
def asking(site: Site, *paths: str) -> Iterator[Counter[int]]:
    """Ask for the paths in turn, again and again; return the statuses."""
    seen: Counter[int] = Counter()
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.2):
            seen.update(site.get(path).status_code for path in paths)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def built(site: Site, number: str) -> dict[str, Any]:
    """Return what the build of a version wrote."""
    answer: dict[str, Any] = site.get(f"/static/built/about.{number}.json").raise_for_status().json()
    return answer


def test_a_build_makes_files_of_the_release(site: Site) -> None:
    assert built(site, "00000064") == {
        "version": "1.0.0",
        "theme": "dark",
        "token": len("hidden in a template"),
        "of the application": None,
        "network": False,
        "user": True,
    }
    release = f"/srv/asgi/files/releases/{site.live()}"
    owners = site.host.run(f"stat -c '%U %a' {release}/src/public/static/built/*").stdout.split()
    assert owners[0] == "root", "no one can change them any more"
    texts = f"{release}/release.json {release}/environment"
    assert site.host.run(f"grep -l 'hidden in a template' {texts}", check=False).stdout == ""


def test_a_build_that_fails_reaches_no_visitor(site: Site) -> None:
    before = site.live()
    entry = {**yaml.safe_load(INVENTORY.read_text())["asgi"]["vars"]["asgi_apps"][0]}
    entry["build"] = {**entry["build"], "commands": ["sh -c 'echo $TOKEN >&2; exit 3'"]}
    done = run("--extra-vars", json.dumps({"asgi_apps": [entry]}))
    assert done.status != 0
    assert "build: sh -c 'echo $TOKEN >&2; exit 3' ended with status 3" in done.output.replace("\\n", "\n")
    assert "hidden in a template" not in done.output
    assert site.live() == before


def test_nothing_is_lost(site: Site) -> None:
    first = site.live()
    old, new = f"/static/{OLD_SCRIPT}", f"/static/{NEW_SCRIPT}"
    assert site.get(new).status_code == 404
    assert site.put(f"/write{MEDIA}/upload", "mine").status_code == 200
    # The old page's script, from before the switch to after the way back.
    with traffic([site]), asking(site, old, "/static/css/site.css", "/media/upload") as seen:
        run("--extra-vars=files_version=v1.1.0").ok()
        assert site.get(new).status_code == 200
        assert built(site, "0000006e")["version"] == "1.1.0"
        site.drained()  # until then either release may answer
        assert site.version()["version"] == "1.1.0"
        assert site.get("/media/upload").text == "mine"
        assert site.put(f"/write{MEDIA}/upload", "changed").status_code == 200
        run(name="rollback").ok()
        assert site.live() == first
        assert site.get(new).status_code == 200
        assert site.get("/media/upload").text == "changed"
        assert built(site, "00000064")["version"] == "1.0.0", "its own files came back with it"
    assert set(seen) == {200}, seen
    assert seen[200] > 100


def test_pages_of_all_kept_releases_find_their_hashed_files(site: Site) -> None:
    """A page may be open for longer than one release; what has no digest in its name is that of the live release."""
    run().ok()
    first = site.live()
    entry = {**yaml.safe_load(INVENTORY.read_text())["asgi"]["vars"]["asgi_apps"][0], "version": "v1.1.0"}
    for number in ("1", "2"):
        run("--extra-vars", json.dumps({"asgi_apps": [{**entry, "env": {"NAME": number}}]})).ok()
    links = site.host.run("readlink /srv/asgi/files/current /srv/asgi/files/previous").stdout
    assert first not in links
    old = site.get(f"/static/{OLD_SCRIPT}")
    assert (old.status_code, old.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    site.host.run(f"test -e /srv/asgi/files/releases/{first}")
    run().ok()
    assert site.live() == first
