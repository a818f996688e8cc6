"""A release that repairs another: what the broken one still answers does not count against it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import ROOT
from tests.clients import https
from tests.integration.conftest import Web, web
from tests.integration.hosts import HOSTS, LAB, Run, only, playbook
from tests.traffic import Traffic

ALWAYS_WRONG = '    raise RuntimeError("no stock")\n'
OFTEN_WRONG = """    import random
    if random.random() < 0.5:
        raise RuntimeError("no stock")
    return Version()
"""


# A page that ends its worker, with all that this has in hand; the gate's path does not.
FRAGILE = """

@app.post("/fragile")
async def fragile() -> None:
    import asyncio, os
    await asyncio.sleep(2)
    os._exit(1)
"""


@pytest.fixture(name="site", scope="module")
def one_site() -> Web:
    return web("web1")


def put_live(site: Web, /, *arguments: str, name: str = "site", **changes: object) -> Run:
    return playbook(f"--limit={site.host.name}", "--extra-vars", only(site.domain, **changes), *arguments, name=name)


def replaced(before: str) -> str:
    return f"[ $(readlink /srv/asgi/shop/current) != releases/{before} ]"


def visit(site: Web, stop: threading.Event) -> None:
    """Visit a page that hangs, again and again; nginx gives up on each visit after the site's timeout."""
    with ThreadPoolExecutor(64) as pool:
        while not stop.wait(0.3):
            pool.submit(site.get, "/slow?seconds=60")


def test_late_answers_of_the_release_before_do_not_count(site: Web) -> None:
    put_live(site, env={"RUN": "hangs"}, site={"rate": "none", "timeout": 4}, watch={"seconds": 0}).ok()
    before = site.live()
    site.host.run("truncate --size=0 /var/log/nginx/asgi/shop.access.log")
    stop = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        pool.submit(visit, site, stop)
        pool.submit(site.eventually, replaced(before)).add_done_callback(lambda _done: stop.set())
        run = put_live(site, env={"RUN": "repaired"}, site={"rate": "none", "timeout": 4}, watch={"seconds": 5})
    assert run.status == 0, run.output
    assert site.live() != before
    log = site.host.run("cat /var/log/nginx/asgi/shop.access.log").stdout
    switched = site.info()["releases"][site.live()]["states"]["live"]
    late = [line for line in map(json.loads, log.splitlines()) if line["status"] == 504 and line["msec"] > switched]
    assert len(late) >= 5, log
    assert {line["release"] for line in late} == {""}
    assert site.audit()[-1]["steps"]["watched"] > 5, "while it is not known whose errors they were, it is watched on"


def test_late_crashes_of_the_release_before_do_not_count(site: Web) -> None:
    """A hotfix goes live while the release before still ends what it began, with 502 and no name."""
    repository = LAB.repository("fragile", HOSTS.parent / "fragile")
    repository.create(ROOT / "examples" / "shop")
    main = repository.tree / "shop" / "main.py"
    sound = main.read_text()
    for tag, page in (("v1.5.0", FRAGILE), ("v1.6.0", FRAGILE.replace("os._exit(1)", "return"))):
        main.write_text(sound + page)
        repository.commit(tag)
    put_live(site, git=repository.url, version="v1.5.0", watch={"seconds": 0}).ok()
    before, stop = site.live(), threading.Event()
    site.host.run("truncate --size=0 /var/log/nginx/asgi/shop.access.log")

    def crash() -> None:
        with ThreadPoolExecutor(64) as pool:
            while not stop.wait(0.2):
                pool.submit(https.ask, "POST", site.domain, site.host.address, site.ca, "/fragile")

    with ThreadPoolExecutor(3) as pool:
        pool.submit(crash)
        pool.submit(site.eventually, replaced(before)).add_done_callback(lambda _done: stop.set())
        run = put_live(site, git=repository.url, version="v1.6.0", watch={"seconds": 5})
    assert run.status == 0, run.output
    assert site.live().startswith("v1.6.0")
    log = site.host.run("cat /var/log/nginx/asgi/shop.access.log").stdout
    switched = site.info()["releases"][site.live()]["states"]["live"]
    late = [line for line in map(json.loads, log.splitlines()) if line["status"] == 502 and line["msec"] > switched]
    assert late, log
    assert {line["release"] for line in late} == {""}


def test_a_release_that_did_worse_is_no_way_back(site: Web) -> None:
    repository = LAB.repository("stock", HOSTS.parent / "stock")
    repository.create(ROOT / "examples" / "shop")
    main = repository.tree / "shop" / "main.py"
    sound = main.read_text()
    for tag, errors in (("v1.3.0", ALWAYS_WRONG), ("v1.4.0", OFTEN_WRONG)):
        main.write_text(sound.replace("    return Version()\n", errors))
        repository.commit(tag)
    put_live(site, git=repository.url, version="v1.3.0", watch={"seconds": 0}).ok()
    before = site.live()
    with Traffic(site.url, connect=site.host.address, ca=site.ca, get=3, pause=0.05):
        run = put_live(site, git=repository.url, version="v1.4.0", watch={"seconds": 60})
    assert run.status != 0, run.output
    assert "fails, but stays" in run.output
    assert f"{before} did worse in the minute before the switch" in run.output
    assert site.live().startswith("v1.4.0")
    # The next run goes back as little, and finishes it.
    put_live(site, git=repository.url, version="v1.4.0", watch={"seconds": 60}).ok()
    assert site.live().startswith("v1.4.0")
    site.drained()


def test_what_is_urgent_is_not_watched_but_passes_its_gate(site: Web) -> None:
    urgent = "--extra-vars=asgi_urgent=true"
    hours = {"seconds": 3600}
    put_live(site, urgent, name="release", env={"RUN": "urgent"}, watch=hours).ok()  # ends within minutes
    live, last = site.live(), site.audit()[-1]
    assert (last["to"], last["result"], last["urgent"]) == (live, "live", True)
    again = put_live(site, env={"RUN": "urgent"}, watch=hours).ok()
    assert again.counts(site.host.name)["changed"] == 0, again.output
    run = put_live(site, urgent, name="release", version="v1.2.0", watch=hours)
    assert run.status != 0
    assert f"was not put live; {live} still serves" in run.output
    assert site.live() == live


def test_readiness_says_who_is_live(site: Web) -> None:
    """From the rename on the release before is not ready for more, and after a way back it is."""
    put_live(site, env={"RUN": "ready"}, watch={"seconds": 0}).ok()
    before, runs = site.live(), []
    assert site.asked(before) == "200"

    def replace() -> None:
        runs.append(put_live(site, env={"RUN": "replaced"}, watch={"seconds": 300}))

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        site.eventually(replaced(before))
        live = site.live()
        assert (site.asked(before), site.asked(live)) == ("503", "200")
        assert site.host.run("systemctl list-units --plain --no-legend 'asgi-shop.drain@*'").stdout == "", (
            "it is watched"
        )
    finally:
        site.host.run(f"systemctl kill --signal=KILL asgi-shop@{site.live()}.service")
        thread.join()
    assert runs[0].status != 0, runs[0].output
    assert f"was rolled back; {before} serves again" in runs[0].output
    assert (site.live(), site.asked(before)) == (before, "200")
    site.drained()
