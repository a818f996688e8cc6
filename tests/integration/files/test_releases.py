"""A release and the way back under traffic: what is stored stays, and every page finds its files."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.files.conftest import Site, run
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


def test_nothing_is_lost(site: Site) -> None:
    first = site.live()
    old, new = f"/static/{OLD_SCRIPT}", f"/static/{NEW_SCRIPT}"
    assert site.get(new).status_code == 404
    assert site.put(f"/write{MEDIA}/upload", "mine").status_code == 200
    # The old page's script, from before the switch to after the way back.
    with traffic([site]), asking(site, old, "/static/css/site.css", "/media/upload") as seen:
        run("--extra-vars=files_version=v1.1.0").ok()
        assert site.get(new).status_code == 200
        site.drained()  # until then either release may answer
        assert site.version()["version"] == "1.1.0"
        assert site.get("/media/upload").text == "mine"
        assert site.put(f"/write{MEDIA}/upload", "changed").status_code == 200
        run(name="rollback").ok()
        assert site.live() == first
        assert site.get(new).status_code == 200
        assert site.get("/media/upload").text == "changed"
    assert set(seen) == {200}, seen
    assert seen[200] > 100
