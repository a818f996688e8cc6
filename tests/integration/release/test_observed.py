"""What a run says of the release that is live was seen in that run."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests import ROOT
from tests.integration.conftest import Web, web
from tests.integration.hosts import HOSTS, LAB, Run, only, playbook

FLAG = "/var/lib/asgi/shop/ends"
# While the file is there, the service ends a second after its start, again and again.
ENDS = f"""
import os, signal, threading, time


def end():
    while True:
        time.sleep(1)
        if os.path.exists("{FLAG}"):
            os.kill(os.getppid(), signal.SIGKILL)


threading.Thread(target=end, daemon=True).start()
"""


@pytest.fixture(name="site", scope="module")
def one_site() -> Web:
    return web("web1")


@pytest.fixture(name="repository", scope="module")
def one_repository() -> Iterator[str]:
    """Yield an application that ends when it is asked to."""
    repository = LAB.repository("ends", HOSTS.parent / "ends")
    repository.create(ROOT / "examples" / "shop")
    main = repository.tree / "shop" / "main.py"
    main.write_text(main.read_text() + ENDS)
    repository.commit("v1.0.0")
    yield repository.url


def run(site: Web, repository: str, name: str = "site", **changes: object) -> Run:
    variables = only(site.domain, git=repository, version="v1.0.0", workers="1", watch={"seconds": 0}, **changes)
    return playbook(f"--limit={site.host.name}", "--extra-vars", variables, name=name)


def end(site: Web, times: int) -> None:
    """End the live release so often, and wait until it answers again."""
    unit = f"asgi-shop@{site.live()}.service"
    site.host.run(f"touch {FLAG}")
    site.eventually(f"[ $(systemctl show --property=NRestarts --value {unit}) -ge {times} ]")
    site.host.run(f"rm {FLAG}")
    answers(site)


def answers(site: Web) -> None:
    """Wait until the live release answers, as it does a second later."""
    for _try in range(100):
        if site.asked(site.live()) == "200":
            site.host.run("sleep 1.5")  # what has been asked to end has done so
            if site.asked(site.live()) == "200":
                return
        time.sleep(0.2)
    raise AssertionError("it does not answer")


def test_a_live_release_that_ends_again_and_again_fails_the_run(site: Web, repository: str) -> None:
    run(site, repository).ok()
    live = site.live()
    again = run(site, repository).ok()
    assert again.counts(site.host.name)["changed"] == 0
    assert "[WARNING]" not in again.output
    end(site, 1)
    once = run(site, repository).ok()  # it may stay up now
    words = " ".join(once.output.split())
    assert f"{live} serves, which is not proven: the service has ended once in the last 10 minutes" in words
    end(site, 3)
    loops = run(site, repository)
    assert loops.status != 0, loops.output
    assert f"{live} is live, but not well: the service does not stay up: it has ended" in loops.output
    assert "times in the last 10 minutes" in loops.output
    plan = run(site, repository, name="plan").ok()
    assert f"shop: nothing would change; {live} is live, but not well" in plan.output


def test_a_live_release_that_hangs_is_not_said_to_serve(site: Web, repository: str) -> None:
    site.host.run("systemctl restart 'asgi-shop@*.service'")
    answers(site)
    run(site, repository).ok()
    live = site.live()
    site.host.run(f"systemctl kill --signal=STOP asgi-shop@{live}.service")
    try:
        same = run(site, repository)
        other = run(site, repository, release_command="false")
    finally:
        site.host.run(f"systemctl kill --signal=CONT asgi-shop@{live}.service")
    assert same.status != 0, same.output
    assert f"{live} is live, but not well: GET /ready: no answer within" in same.output
    assert other.status != 0, other.output
    assert f"was not put live; {live} is live, but not well: GET /ready: no answer within" in other.output
    assert f"{live} still serves" not in other.output
    answers(site)
    well = run(site, repository).ok()
    assert well.counts(site.host.name)["changed"] == 0, well.output
