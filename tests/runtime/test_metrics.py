"""Numbers of all workers, also of those that have ended."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from tests.runtime.conftest import Serve
from tests.runtime.served import KINDS, PATIENCE, RUNTIME, Answer, ask, until

sys.path.insert(0, str(RUNTIME.parent))

from asgi_deploy_runtime.metrics import forget

HEALTH = {"metrics": "/metrics"}


def numbers(answer: Answer) -> dict[str, float]:
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "uvicorn"])
def test_metrics_of_all_workers(started: Serve, kind: str) -> None:
    """Each worker answers with the numbers of all, also of one that has been replaced."""
    served = started(**{**KINDS[kind], "workers": "2"}, health=HEALTH)
    seen: set[int] = set()
    asked = 0
    while len(seen) < 2 or asked < 20:
        # Several at a time, so that no worker gets all of them.
        connections = [served.connect() for _ in range(4)]
        for connection in connections:
            connection.request("GET", "/sleep?seconds=0.02")
        for connection in connections:
            seen.add(json.loads(connection.getresponse().read())["pid"])
            connection.close()
        asked += len(connections)
        assert asked < 2000, seen
    missing = 'asgi_requests_total{method="GET",status="404"}'
    time.sleep(0.5)  # a request is counted once its answer is out
    answer = served.get("/metrics")
    actual = numbers(answer)
    assert answer.headers["content-type"].startswith("text/plain")
    assert actual['asgi_requests_total{method="GET",status="200"}'] == asked
    assert actual[missing] >= 1  # by which it was seen to answer
    assert actual['asgi_request_duration_seconds_count{method="GET"}'] >= asked
    assert actual["asgi_requests_in_progress"] == 1  # this one

    killed = seen.pop()
    with closing(served.connect()) as held:
        # What it was doing is no longer under way.
        while killed not in seen:
            held.close()
            held.connect()
            pid = ask(held, "/").json["pid"]
            seen = {pid}
        os.kill(killed, signal.SIGKILL)
    until(lambda: len(now := served.workers()) == 2 and killed not in now)
    time.sleep(0.2)
    again = numbers(served.get("/metrics"))
    assert again["asgi_requests_in_progress"] == 1
    assert again['asgi_requests_total{method="GET",status="200"}'] >= asked


@pytest.mark.parametrize("kind", ["gunicorn", "uvicorn"])
def test_metrics_while_a_worker_begins(started: Serve, kind: str) -> None:
    """Its file is there, and nothing in it yet."""
    served = started(**KINDS[kind], health=HEALTH)
    (served.folder / "metrics" / "counter_1.db").touch()
    assert numbers(served.get("/metrics"))["asgi_requests_in_progress"] == 1


@pytest.mark.parametrize("kind", ["gunicorn", "uvicorn-2", "gthread"])
def test_killed_worker_does_nothing_any_more(started: Serve, kind: str) -> None:
    served = started(**{**KINDS[kind], "workers": "2"}, health=HEALTH)
    with closing(served.connect()) as connection:
        connection.request("GET", "/sleep?seconds=60", headers={"X-ASGI-Probe": "1"})
        until(lambda: numbers(served.get("/metrics"))["asgi_requests_in_progress"] == 2)
        # Whichever has the request: both are replaced.
        for worker in served.workers():
            os.kill(worker, signal.SIGKILL)
    until(lambda: len(served.workers()) == 2)
    until(lambda: numbers(served.get("/metrics"))["asgi_requests_in_progress"] == 1)


@pytest.mark.parametrize("kind", ["gunicorn", "uvicorn-2", "gthread"])
def test_numbers_of_workers_that_are_replaced_after_their_share(started: Serve, kind: str) -> None:
    """No number ever goes down, and files do not become more and more."""
    options = {**KINDS[kind], "settings": {**KINDS[kind].get("settings", {}), "max_requests": 20}}
    served = started(**options, health=HEALTH)
    seen: set[int] = set()
    counted = 0.0
    asked = 0

    def look() -> None:
        nonlocal counted
        now = numbers(served.get("/metrics")).get('asgi_requests_total{method="GET",status="200"}', 0)
        assert now >= counted
        counted = now

    def replaced() -> bool:
        nonlocal asked
        seen.add(served.get().json["pid"])
        asked += 1
        look()
        return len(seen) >= 5

    until(replaced, 4 * PATIENCE)

    def settled() -> bool:
        look()
        # Those of the workers that there are, and of all that have ended.
        return len(list((served.folder / "metrics").glob("counter_*.db"))) <= len(served.workers()) + 1

    until(settled)
    assert counted >= asked


def test_reading_delays_no_other_request(started: Serve) -> None:
    """Here it waits for a worker's numbers to be added to others."""
    served = started(**KINDS["gunicorn"], health=HEALTH)
    with (served.folder / "metrics" / "lock").open("a") as lock, closing(served.connect()) as connection:
        fcntl.flock(lock, fcntl.LOCK_EX)
        connection.request("GET", "/metrics")
        assert served.get().status == 200
        assert not select.select([connection.sock], [], [], 0.2)[0]
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert connection.getresponse().status == 200


class Folder:
    """Files as workers write them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, file: str, **numbers: float) -> None:
        written = MmapedDict(str(self.path / file))  # type: ignore[no-untyped-call]
        for stamp, (name, value) in enumerate(numbers.items(), 1):
            key = mmap_key(name, name, [], [], "")
            written.write_value(key, value, stamp)  # type: ignore[no-untyped-call]
        written.close()  # type: ignore[no-untyped-call]

    def read(self) -> Mapping[str, Mapping[str, float]]:
        return {
            file.name: {
                json.loads(key)[0]: value
                for key, value, *_ in MmapedDict.read_all_values_from_file(str(file))  # type: ignore[no-untyped-call]
            }
            for file in self.path.glob("*.db")
        }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return Folder(tmp_path)


def test_what_stays_of_workers_that_have_ended(folder: Folder) -> None:
    for kind in ("counter", "histogram", "summary", "gauge_sum", "gauge_min", "gauge_max", "gauge_mostrecent"):
        folder.write(f"{kind}_11.db", a=3, b=7)
        folder.write(f"{kind}_12.db", b=2, a=5)
        folder.write(f"{kind}_112.db", a=1)
    for kind in ("gauge_all", "gauge_livesum"):
        folder.write(f"{kind}_11.db", a=3)
        folder.write(f"{kind}_112.db", a=1)
    (folder.path / "counter_13.db").touch()
    for process in (11, 12, 13):
        forget(process)
    actual = folder.read()
    assert {name: dict(actual[name]) for name in actual if name.endswith("_0.db")} == {
        **{f"{kind}_0.db": {"a": 8, "b": 9} for kind in ("counter", "histogram", "summary", "gauge_sum")},
        "gauge_min_0.db": {"a": 3, "b": 2},
        "gauge_max_0.db": {"a": 5, "b": 7},
        "gauge_mostrecent_0.db": {"a": 5, "b": 7},
    }
    others = {name for name in actual if not name.endswith("_0.db")}
    assert all(name.endswith("_112.db") for name in others) and len(others) == 9


def test_numbers_that_are_being_read_stay_where_they_are(folder: Folder) -> None:
    """The process that watches the workers does not wait, but adds them at the next end."""
    folder.write("counter_11.db", a=1)
    folder.write("counter_12.db", a=2)
    with (folder.path / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        forget(11)
        assert folder.read() == {"counter_11.db": {"a": 1}, "counter_12.db": {"a": 2}}
    forget(12)
    assert folder.read() == {"counter_0.db": {"a": 3}}
