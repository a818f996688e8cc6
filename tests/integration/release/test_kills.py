"""A run that is ended at any point, by any end of it, leaves a site that serves, and the next run finishes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import ROOT
from tests.clients import https
from tests.integration.conftest import Web, web
from tests.integration.hosts import HOSTS, INVENTORY, module, only, playbook

# On the host: waits until a release that was not there before has come to a point, and says so, or kills the module.
WATCHER = """
import json, os, pathlib, signal, sys, time
point, action = sys.argv[1:3]
home = pathlib.Path("/srv/asgi/shop")
known = set(os.listdir(home / "releases"))
live = os.readlink(home / "current")
began = time.time()

def states(release):
    try:
        return json.loads((home / "releases" / release / "release.json").read_text())["states"]
    except (OSError, ValueError, KeyError):
        return {}

def reached():
    new = set(os.listdir(home / "releases")) - known
    if point == "locked":
        return (home / ".lock").stat().st_mtime > began
    if point == "preparing":
        return bool(new)
    if point == "switched":
        return os.readlink(home / "current") != live
    return any(point in states(release) for release in new)

while not reached():
    if time.time() - began > 300:
        sys.exit(1)
    time.sleep(0.001)
if action == "kill":
    holder = (home / ".lock").read_text().split("process ")[1].split(",")[0]
    os.kill(int(holder), signal.SIGKILL)
print("reached", flush=True)
"""

MARK = "ASGI_TEST_KILLS"
POINTS = ("locked", "preparing", "prepared", "released", "started", "gated", "switched", "live", "watched")
ALWAYS = {("module", "started"), ("controller", "gated"), ("host", "switched")}


@pytest.fixture(name="site", scope="module")
def one_site() -> Web:
    return web("web1")


def variables(site: Web, number: int) -> str:
    """Return inputs that were never there before; the version alternates, so that a mix of two would show."""
    return only(
        site.domain,
        version=("v1.0.0", "v1.1.0")[number % 2],
        workers="2",
        release_command="python -c pass",
        env={"RUN": f"{time.time_ns()}"},
    )


def start_playbook(site: Web, extra: str) -> subprocess.Popen[bytes]:
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), "asgi.deploy.site", f"--limit={site.host.name}"]
    argv += [f"--inventory={HOSTS}", f"--inventory={INVENTORY}", "--extra-vars", extra]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        argv, cwd=ROOT, env={**os.environ, MARK: str(time.time_ns())}, stdin=quiet, stdout=quiet, stderr=quiet
    )


def kill(run: subprocess.Popen[bytes]) -> None:
    """End a run with its workers, which Ansible gives sessions of their own; their environment identifies them."""
    mark = next(part for part in environment(run.pid) if part.startswith(MARK.encode()))
    for pid in [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]:
        if mark in environment(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # it has ended in between
        return []


@pytest.mark.parametrize(
    ("victim", "point"),
    [
        pytest.param(victim, point, marks=[] if (victim, point) in ALWAYS else [pytest.mark.campaign])
        for victim in ("module", "controller", "host")
        for point in POINTS
    ],
)
def test_site_serves_and_the_next_run_finishes(site: Web, victim: str, point: str) -> None:
    extra, was, past = variables(site, POINTS.index(point)), site.live(), site.audit()
    watcher = subprocess.Popen(
        site.host.machine.target.argv(f"python3 - {point} {'kill' if victim == 'module' else 'report'}"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert watcher.stdin and watcher.stdout
    watcher.stdin.write(WATCHER.encode())
    watcher.stdin.close()
    run = start_playbook(site, extra)
    try:
        assert watcher.stdout.readline() == b"reached\n", f"the run never came to {point!r}"
        if victim == "controller":
            kill(run)
        elif victim == "host":
            site.host.cut()
            site.host.start()
        run.wait(timeout=300)
    finally:
        watcher.wait(timeout=330)
        if run.poll() is None:
            kill(run)
    answer = https.wait(site.domain, site.host.address, site.ca, "/version")
    assert answer.status_code == 200
    assert answer.json()["release"].startswith(f"v{answer.json()['version']}-"), "one release's name, another's code"
    finished = playbook("--extra-vars", extra, f"--limit={site.host.name}").ok()
    entry = json.loads(extra)["asgi_apps"][0]
    assert site.version()["version"] == entry["version"].removeprefix("v"), finished.output
    assert site.version()["release"] == site.live()
    record = json.loads(site.host.run("cat /srv/asgi/shop/current/release.json").stdout)
    assert {"prepared", "released", "live", "watched"} <= set(record["states"]), record
    assert record["previous"], record
    assert not record["failed"], record
    again = playbook("--extra-vars", extra, f"--limit={site.host.name}").ok()
    assert again.counts(site.host.name)["changed"] == 0, again.output
    trail_is_true(site, len(past), was, cut_off=victim != "controller" and point != "locked")


def trail_is_true(site: Web, known: int, was: str, cut_off: bool) -> None:
    """Assert that the trail has what was done since, the killed run as well, and that each attempt names what really
    served.
    """
    text = site.host.run(f"cat {site.trail}").stdout
    attempts = site.audit()[known:]
    for attempt in attempts:
        commands = sum(1 + ("ended" in command) for command in attempt.get("commands", []))
        assert text.count(f'"id": "{attempt["id"]}"') == 2 + commands, text
    # What a controller that is killed has begun goes on, and the next run may wait for it, and find nothing to do.
    new = [attempt for attempt in attempts if attempt["result"] != "unchanged"]
    assert all(attempt["from"] == attempt["serves"] == site.live() for attempt in attempts if attempt not in new), text
    assert [attempt["from"] for attempt in new] == [was] * len(new), text
    assert new[-1]["serves"] == new[-1]["to"] == site.live() != was, text
    assert new[-1]["result"] == "live", text
    if cut_off:
        first = new[0]
        assert first["ended"] is None and first["serves"] in (was, site.live()), text
        finishes = {"finishes": first["id"]} if first["serves"] != was else {}
        assert new[-1] | finishes == new[-1], text
    assert site.info()["deploys"][-1] == {key: value for key, value in attempts[-1].items() if key != "process"}


def test_a_command_goes_on_when_its_run_is_killed(site: Web) -> None:
    """The trail says so, and then how it ended."""
    marker = f"sleep 600.{time.time_ns()}"
    argv = [str(Path(sys.executable).with_name("ansible")), site.host.name, "--become", f"--inventory={HOSTS}"]
    argv += ["--module-name=asgi.deploy.exec", f"--args={json.dumps({'name': 'shop', 'by': 'eve', 'command': marker})}"]
    run = subprocess.Popen(
        argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        site.eventually(f"pgrep --full --exact '/usr/bin/{marker}'")
        begun = site.audit()[-1]
        assert begun["exec"] == marker and "result" not in begun
        site.host.run(f"kill -KILL {begun['process'].split()[0]}")
        run.wait(timeout=60)
    finally:
        if run.poll() is None:
            run.kill()
    shown = site.info()["deploys"][-1]
    assert (shown["id"], shown["result"], shown["ended"]) == (begun["id"], "running", None)
    site.host.run(f"systemctl kill --signal=KILL {begun['unit']}")
    site.eventually(f"systemctl is-failed {begun['unit']}")
    assert site.info()["deploys"][-1]["result"] == "its process was ended by signal 9"
    module(site.host.name, "exec", name="shop", by="ops", command="true")
    killed, after = site.audit()[-2:]
    assert (killed["id"], killed["result"]) == (begun["id"], "its process was ended by signal 9")
    assert (after["exec"], after["result"], after["status"]) == ("true", "ended well", 0)
    site.host.run(f"systemctl reset-failed {begun['unit']}")


def test_a_release_command_of_a_killed_run_is_not_ended_by_the_next(site: Web) -> None:
    """A migration goes on when the run that began it is gone; a run that comes in between has to wait for it."""
    home = "/var/lib/asgi/shop"
    command = "sh -c 'echo begun >>$HOME/steps; until test -e $HOME/go; do sleep 0.2; done; echo done >>$HOME/steps'"
    extra = only(site.domain, release_command=command, env={"RUN": f"{time.time_ns()}"})
    run = start_playbook(site, extra)
    try:
        site.eventually(f"test -s {home}/steps")
        site.host.run("kill -KILL $(sed -E 's/.*process ([0-9]+),.*/\\1/' /srv/asgi/shop/.lock)")
        run.wait(timeout=300)
    finally:
        if run.poll() is None:
            kill(run)
    live = site.live()
    second = playbook("--extra-vars", extra, f"--limit={site.host.name}")
    assert second.status != 0
    assert "the release command of another run has not ended yet: asgi-shop.command@" in second.output, second.output
    assert site.live() == live == site.version()["release"]
    site.host.run(f"touch {home}/go")
    site.eventually("! systemctl list-units --plain --no-legend --state=activating 'asgi-shop.command@*' | grep .")
    assert site.host.run(f"cat {home}/steps").stdout == "begun\ndone\n", "it came to its end"
    playbook("--extra-vars", extra, f"--limit={site.host.name}").ok()
    assert site.host.run(f"cat {home}/steps").stdout == "begun\ndone\n" * 2
    site.host.run(f"rm {home}/steps {home}/go")
