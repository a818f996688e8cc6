"""A server that opens a port of its own does not run next to its next release, and no request is lost for that."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests import ROOT
from tests.clients import https
from tests.integration.conftest import Web, web
from tests.integration.hosts import HOSTS, LAB, only, playbook
from tests.integration.release.test_kills import kill, start_playbook
from tests.traffic import Traffic

# A second process that imports it fails: the address is in use.
OPENS_A_PORT = """
import socket as _socket

listener = _socket.create_server(("127.0.0.1", 9753))
"""
NOT_READY = """
app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", "") != "/ready"]


@app.get("/ready")
async def not_ready():
    raise RuntimeError("no database")
"""
# It is sound until it is live.
FAILS_LIVE = """
from pathlib import Path
from fastapi import Request


@app.middleware("http")
async def fails_live(request: Request, call_next):
    if Path("/srv/asgi/shop/current").resolve() in Path(__file__).resolve().parents and request.url.path != "/ready":
        raise RuntimeError("no stock")
    return await call_next(request)
"""
# On the host: kills a run as soon as it has begun to hold the live release.
KILLER = """
import os, pathlib, signal, time
began = time.time()
while not list(pathlib.Path("/run/systemd/system").glob("asgi-shop@*.service.d/held.conf")):
    assert time.time() - began < 300
    time.sleep(0.001)
holder = pathlib.Path("/srv/asgi/shop/.lock").read_text().split("process ")[1].split(",")[0]
os.kill(int(holder), signal.SIGKILL)
"""
QUICK = {"path": "/ready", "timeout": 15}
HELD = "ls /run/systemd/system/ | grep -E 'asgi-shop(.forward)?@.*service'"


@pytest.fixture(name="site", scope="module")
def one_site() -> Web:
    return web("web1")


@pytest.fixture(name="repository", scope="module")
def versions() -> str:
    repository = LAB.repository("exclusive", HOSTS.parent / "exclusive")
    repository.create(ROOT / "examples" / "shop")
    main = repository.tree / "shop" / "main.py"
    sound = main.read_text() + OPENS_A_PORT
    for tag, more in {"sound": "", "not-ready": NOT_READY, "fails-live": FAILS_LIVE}.items():
        main.write_text(sound + more)
        repository.commit(tag)
    return repository.url


def entry(site: Web, repository: str, version: str, **changes: Any) -> str:
    changes = {"env": {"RUN": f"{time.time_ns()}"}, "watch": {"seconds": 1}, **changes}
    return only(site.domain, git=repository, version=version, workers="1", gate=QUICK, exclusive=True, **changes)


@contextmanager
def visitors(site: Web) -> Iterator[Traffic]:
    """Send requests that may wait, and none of which may be lost."""
    modes = {"get": 3, "new": 2, "post": 2, "http2": 1, "pause": 0.1, "seconds": 900}
    with Traffic(site.url, connect=site.host.address, ca=site.ca, **modes) as flow:
        yield flow
    assert flow.report.requests > 10, str(flow.report)
    assert flow.report.failures == 0, str(flow.report)


def is_clean(site: Web) -> None:
    """Assert that one release runs, and nothing that held another one or passed on its requests is left."""
    running = "systemctl list-units --plain --no-legend --state=active,activating 'asgi-shop@*.service' | wc -l"
    assert site.eventually(f"test $({running}) = 1 && echo one") == "one\n"
    assert site.host.run(HELD, check=False).stdout == ""


def test_the_next_release_starts_when_the_one_before_has_ended(site: Web, repository: str) -> None:
    """Requests wait for as long as the end of one, the start of the other, and the gate take."""
    playbook(f"--limit={site.host.name}", "--extra-vars", entry(site, repository, "sound")).ok()
    first = site.live()
    later = entry(site, repository, "sound")
    planned = playbook(f"--limit={site.host.name}", "--extra-vars", later, name="plan").ok()
    assert f"exclusive: release {first} is stopped before the next one starts" in planned.output
    with visitors(site) as flow:
        playbook(f"--limit={site.host.name}", "--extra-vars", later).ok()
        is_clean(site)
        assert site.version()["release"] == site.live() != first
    steps = site.audit()[-1]["steps"]
    waited = sum(steps[name] for name in ("stopped", "started", "gated", "live"))
    longest = max(mode.max for mode in flow.report.modes.values())
    assert longest > steps["gated"], "they waited, and no release that had not passed its gate answered"
    assert longest < waited + 10, (longest, steps)
    print(f"the longest wait was {longest:.2f} s: {steps}")
    with visitors(site):
        playbook(f"--limit={site.host.name}", name="rollback").ok()
        is_clean(site)
    assert site.version()["release"] == site.live() == first


def test_the_old_one_serves_again_when_the_next_is_broken(site: Web, repository: str) -> None:
    live = site.live()
    with visitors(site) as flow:
        done = playbook(f"--limit={site.host.name}", "--extra-vars", entry(site, repository, "not-ready"))
        assert done.status != 0
        assert "GET /ready answered 500 Internal Server Error" in done.output
        assert f"was not put live; {live} still serves" in done.output
        is_clean(site)
        assert site.version()["release"] == site.live() == live
    releases = {release.release for release in flow.report.releases}
    assert releases == {live}, "visitors met no other release"


@pytest.mark.campaign
def test_the_old_one_serves_again_when_the_next_fails_live(site: Web, repository: str) -> None:
    live = site.live()
    changed = entry(site, repository, "fails-live", watch={"seconds": 60})
    with Traffic(site.url, connect=site.host.address, ca=site.ca, get=3, pause=0.1) as flow:
        done = playbook(f"--limit={site.host.name}", "--extra-vars", changed)
    assert done.status != 0
    assert f"was rolled back; {live} serves again" in done.output, done.output
    assert flow.report.failures_by.keys() == {"status 500"}, "errors of its own, and none of the switch's"
    is_clean(site)
    assert site.version()["release"] == site.live() == live


def test_a_run_that_is_killed_in_between_is_completed_by_the_next(site: Web, repository: str) -> None:
    """When it is killed before the new release has started, the old one does not wait for it any more."""
    live, extra = site.live(), entry(site, repository, "sound")
    killer = subprocess.Popen(site.host.machine.target.argv("python3 -"), stdin=subprocess.PIPE)
    assert killer.stdin
    killer.stdin.write(KILLER.encode())
    killer.stdin.close()
    run = start_playbook(site, extra)
    try:
        run.wait(timeout=300)
    finally:
        assert killer.wait(timeout=330) == 0
        if run.poll() is None:
            kill(run)
    assert run.returncode
    assert https.wait(site.domain, site.host.address, site.ca, "/version").json()["release"] == live == site.live()
    with visitors(site):
        playbook(f"--limit={site.host.name}", "--extra-vars", extra).ok()
        is_clean(site)
    assert site.version()["release"] == site.live() != live
    again = playbook(f"--limit={site.host.name}", "--extra-vars", extra).ok()
    assert again.counts(site.host.name)["changed"] == 0, again.output
