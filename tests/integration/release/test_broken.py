"""Releases that must not get traffic: each is refused with the cause, the old one serves on, and no request is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests import ROOT
from tests.integration.conftest import Web, web
from tests.integration.hosts import HOSTS, LAB, only, playbook
from tests.integration.release.test_releases import traffic


@dataclass(frozen=True)
class Broken:
    """What is wrong with a release, and what the run must say of it."""

    tag: str
    says: str
    main: str = ""  # appended to the application's main.py
    requirements: str = ""  # appended to its requirements.txt
    entry: dict[str, Any] = field(default_factory=dict)  # changes to its entry in asgi_apps


# In a worker that is born while this file is there, the first one removes it and is sound; the next one is not.
ONE_OF_TWO = """
import asyncio, os
try:
    os.mkdir("/tmp/first-worker")
except FileExistsError:
    import time
    time.sleep(3600)
"""
KILLED = """
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
"""
EXITS_LATER = """
import os, threading
threading.Timer(3, os._exit, [7]).start()
"""
NOT_READY = """
app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", "") != "/ready"]


@app.get("/ready")
async def not_ready():
    raise RuntimeError("no database")
"""
LIFESPAN = """
from contextlib import asynccontextmanager


@asynccontextmanager
async def broken(_):
    raise RuntimeError("cannot start")
    yield


app.router.lifespan_context = broken
"""
CLOSES_SOCKETS = """
import os, stat
for number in range(3, 100):
    try:
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            os.close(number)
    except OSError:
        pass
"""
# The first worker is sound; the next one ends once its release is live, and so does each that is started for it.
ENDS_LIVE = """
import os, threading, time
from pathlib import Path


def end():
    current, own = Path("/srv/asgi/shop/current"), Path(__file__).resolve()
    while current.resolve() not in own.parents:
        time.sleep(0.1)
    os._exit(7)


try:
    os.mkdir("/tmp/first-worker")
except FileExistsError:
    threading.Thread(target=end, daemon=True).start()
"""

QUICK = {"path": "/ready", "timeout": 25}
RELEASES = [
    Broken("import-error", "RuntimeError: broken at import", 'raise RuntimeError("broken at import")\n'),
    Broken("missing-attribute", "module 'shop.main' has no attribute 'nothing'", entry={"module": "shop.main:nothing"}),
    Broken("lifespan-failure", "RuntimeError: cannot start", LIFESPAN),
    Broken("start-hangs", "GET /ready: no answer within", "import time\ntime.sleep(3600)\n", entry={"gate": QUICK}),
    Broken(
        "start-too-slow",
        "GET /ready answered 503 Service Unavailable, expected 200 (for 4 s)",
        entry={"gate": {**QUICK, "status": [200], "timeout": 4}, "env": {"SHOP_WARM_UP_SECONDS": "20"}},
    ),
    Broken("not-ready", "GET /ready answered 500 Internal Server Error", NOT_READY, entry={"gate": QUICK}),
    Broken("exits-later", "the service does not stay up", EXITS_LATER, entry={"workers": "1", "gate": {"uptime": 5}}),
    Broken(
        "one-worker-of-two",
        "only 1 of 2 workers answered GET /ready",
        ONE_OF_TWO,
        entry={"workers": "2", "gate": QUICK},
    ),
    Broken("wrong-dependency", "could not be prepared", requirements="asgi-deploy-has-no-such-package==1.0.0\n"),
    Broken("killed", "Worker (pid:", KILLED, entry={"gate": QUICK}),
    Broken("command-fails", "its release command failed", entry={"release_command": "python -c 'raise SystemExit(9)'"}),
    Broken(
        "command-hangs",
        "its release command failed: it took too long",
        entry={"release_command": "sleep 60", "release_timeout": 2},
    ),
    Broken("closes-its-socket", "was not put live", CLOSES_SOCKETS, entry={"gate": QUICK}),
]
LATER = Broken("worker-ends-live", "a worker has ended in the first seconds after the switch", ENDS_LIVE)
# What is short and different enough to be tested in every run; all of them are for `make faults`.
ALWAYS = {"not-ready", "one-worker-of-two", "command-fails"}


@pytest.fixture(name="site", scope="module")
def one_site() -> Web:
    return web("web1")


@pytest.fixture(name="repository", scope="module")
def broken_versions() -> Iterator[str]:
    """Yield the sound application, and a tag for everything that can be wrong with it."""
    repository = LAB.repository("broken", HOSTS.parent / "broken")
    repository.create(ROOT / "examples" / "shop")
    repository.commit("sound")
    main, requirements = repository.tree / "shop" / "main.py", repository.tree / "requirements.txt"
    sound, locked = main.read_text(), requirements.read_text()
    for broken in [*RELEASES, LATER]:
        main.write_text(sound + broken.main)
        requirements.write_text(locked + broken.requirements)
        if broken.main or broken.requirements:
            repository.commit(broken.tag)
    yield repository.url


def run(site: Web, repository: str, version: str, **changes: Any) -> tuple[int, str]:
    variables = only(site.domain, git=repository, version=version, **changes)
    done = playbook("--extra-vars", variables, f"--limit={site.host.name}")
    return done.status, done.output


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(release, id=release.tag, marks=[] if release.tag in ALWAYS else [pytest.mark.campaign])
        for release in RELEASES
    ],
)
def test_is_refused(site: Web, repository: str, broken: Broken) -> None:
    status, output = run(site, repository, "sound")
    assert status == 0, output
    live = site.live()
    with traffic([site]):
        version = broken.tag if broken.main or broken.requirements else "sound"
        status, output = run(site, repository, version, **broken.entry)
    assert status != 0, output
    assert broken.says in output
    assert live in output
    site.drained()
    assert site.live() == live == site.version()["release"]
    assert site.audit()[-1]["result"] == "failed"


@pytest.mark.campaign
def test_is_rolled_back_as_a_worker_ends(site: Web, repository: str) -> None:
    """Visitors whom the other worker answers see nothing of it."""
    status, output = run(site, repository, "sound")
    assert status == 0, output
    live = site.live()
    status, output = run(site, repository, LATER.tag, workers="2", gate=QUICK, watch={"seconds": 30})
    assert status != 0, output
    assert LATER.says in output
    assert "was rolled back" in output
    assert site.live() == live == site.version()["release"]
