"""Processes and jobs move with their release, come back with it, and go with it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import pytest

from tests.clients import https
from tests.integration.processes.conftest import NAME, Site, working
from tests.traffic import Traffic

SLOW = {"SHOP_ITEM_SECONDS": "3"}


def overlaps(log: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the pairs of releases of which a process ran at the same time, by its own log."""
    spans: dict[int, list[Any]] = {}
    for line in log:
        spans.setdefault(line["pid"], [line["release"], line["at"], line["at"]])[2] = line["at"]
    ordered = sorted(spans.values(), key=lambda span: span[1])
    return [(one[0], two[0]) for one, two in zip(ordered, ordered[1:]) if one[2] > two[1]]


def unfinished(log: Iterable[dict[str, Any]], running: Iterable[int]) -> list[tuple[int, int]]:
    """Return the items that a process took and did not finish before it ended."""
    taken = {(line["pid"], line["item"]) for line in log if line["event"] == "take" and line["pid"] not in running}
    return sorted(taken - {(line["pid"], line["item"]) for line in log if line["event"] == "done"})


def pids(site: Site, process: str) -> set[int]:
    text = site.host.run(f"systemctl show --property=MainPID --value 'asgi-{NAME}.process-{process}-*'").stdout
    return {int(line) for line in text.split() if line != "0"}


def test_move_with_the_release(site: Site) -> None:
    """To one whose items take longer, and on to the next: what was held is finished, and no visitor waited for it."""
    began = time.time()
    with Traffic(site.url, connect=site.host.address, ca=site.ca, get=2, post=1, pause=0.15, seconds=900) as flow:
        site.run(work_env=SLOW).ok()
        slow = site.live()
        assert site.settled() == working(slow)
        site.run(work_version="v1.1.0").ok()
    assert (flow.report.failures, flow.report.requests > 100) == (0, True), str(flow.report)
    live = site.live()
    assert live != slow
    assert site.settled() == working(live)
    log = [line for line in site.log("worker") if line["at"] > began]
    workers = pids(site, "worker")
    assert len(workers) == 2
    assert {line["release"] for line in log if line["pid"] in workers} == {live}
    assert unfinished(log, workers) == []
    assert len({line["pid"] for line in log if line["event"] == "stop" and line["release"] == slow}) == 2
    scheduled = site.log("scheduler")
    assert {slow, live} <= {line["release"] for line in scheduled}
    assert overlaps(scheduled) == [], "an exclusive process never runs twice"
    assert overlaps(log), "and others do, so that this was seen by their logs"
    site.eventually(f"tail -n 1 /var/lib/asgi/{NAME}/ticks.log | grep -q ' {live} tick end$'")


def test_nothing_works_while_it_is_stopped(site: Site) -> None:
    """Whatever asks for it; what was held is finished, and all starts again with the server."""
    live, began = site.live(), time.time()
    site.run(name="stop").ok()
    assert site.units() == set()
    units = " ".join(f"asgi-{NAME}.{unit}" for unit in working(live))
    site.host.run(f"systemctl start {units}; systemctl restart {units}", check=False)
    assert site.units() == set()
    site.run(name="start").ok()
    assert site.settled() == working(live)
    log = [line for line in site.log("worker") if line["at"] > began]
    assert unfinished(log, pids(site, "worker")) == []


def test_run_as_the_application_does(site: Site) -> None:
    (pid, *_) = pids(site, "scheduler")
    environment = site.host.run(f"tr '\\0' '\\n' </proc/{pid}/environ").stdout.splitlines()
    assert {"ASGI_PROCESS=scheduler", f"ASGI_APP={NAME}", f"ASGI_RELEASE={site.live()}"} <= set(environment)
    status = site.host.run(f"cat /proc/{pid}/status; stat -c %U /proc/{pid}").stdout
    assert f"asgi-{NAME}\n" in status
    assert "NoNewPrivs:\t1" in status
    assert "CapBnd:\t0000000000000000" in status
    log = f"journalctl --namespace=+asgi-{NAME} --no-pager --identifier={NAME}.scheduler"
    assert "scheduler works" in site.host.run(log).stdout
    shown = site.host.run(f"systemctl show --property=MemoryMax --value 'asgi-{NAME}.process-worker-1@*'").stdout
    assert shown.strip() == str(256 * 1024 * 1024)


def test_one_that_crashes_takes_the_release_back(site: Site) -> None:
    live = site.live()
    # It is watched for long enough to begin and crash, however slow that is; the crash ends the watch.
    run = site.changed(version="v1.1.0", env={"SHOP_WORKER_BREAKS": "scheduler"}, watch={"seconds": 60})
    assert run.status != 0
    assert f"was rolled back; {live} serves again" in run.output
    assert "process scheduler does not stay up: its process ended with status 1" in run.output
    assert "RuntimeError: this worker is broken on purpose" in run.output
    assert site.live() == live
    assert site.settled() == working(live)
    assert overlaps(site.log("scheduler")) == []
    assert site.audit()[-1]["result"] == "failed"


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"jobs": {"tick": {"command": "true", "schedule": "every day"}}},
            "job tick: found the schedule 'every day', expected a calendar event as in systemd.time(7)",
        ),
        ({"processes": {"worker": "no-such-program --x"}}, "process worker: its program no-such-program is neither in"),
    ],
)
def test_what_cannot_run_is_refused_before_the_switch(site: Site, changes: dict[str, Any], says: str) -> None:
    live, before = site.live(), pids(site, "worker")
    run = site.changed(**changes)
    assert run.status != 0
    assert says in run.output
    assert site.live() == live
    assert pids(site, "worker") == before, "not even restarted"


def test_drift_is_seen_and_repaired(site: Site) -> None:
    """A process that an operator stopped, and a timer; and the next run finds nothing to do."""
    live = site.live()
    stopped = f"asgi-{NAME}.process-worker-2@{live}.service asgi-{NAME}.job-tick@{live}.timer"
    site.host.run(f"systemctl stop {stopped}")
    seen = site.run("--check", work_version="v1.1.0").ok()
    assert seen.counts(site.host.name)["changed"] == 1, seen.output
    repaired = site.run(work_version="v1.1.0").ok()
    assert repaired.counts(site.host.name)["changed"] == 1, repaired.output
    assert site.live() == live
    assert site.units() == working(live)
    assert set(site.audit()[-1]["steps"]) & {"gated", "watched", "prepared"} == set(), "the server was left unchanged"


def test_a_process_that_ends_again_and_again_is_reported(site: Site) -> None:
    """By a run, which fails, and by status; the server, which is well, goes on."""
    live = site.live()
    version = live.partition("-")[0]
    unit = f"asgi-{NAME}.process-worker-1@{live}.service"
    for number in range(1, 4):
        site.host.run(f"systemctl kill --signal=KILL {unit}")
        site.eventually(f"[ $(systemctl show --property=NRestarts --value {unit}) -ge {number} ]")
        site.eventually(f"systemctl is-active --quiet {unit}")
    run = site.run(work_version=version)
    assert run.status != 0, run.output
    assert f"{live} is live, but not well: process worker does not stay up: it has ended" in run.output, run.output
    shown = site.run(name="status").output
    assert "unwell" in shown and "process worker does not stay up: it has ended" in shown
    site.host.run(f"systemctl reset-failed {unit} && systemctl restart {unit}")  # which begins to count again
    assert site.run(work_version=version).ok().counts(site.host.name)["changed"] == 0


@pytest.mark.campaign
def test_a_run_that_ended_at_the_rename_is_finished(site: Site) -> None:
    """The link names a release, and the processes are those of another."""
    live = site.live()
    good = [line["to"] for line in site.audit() if line["result"] == "live" and line.get("to", live) != live]
    first = next(name for name in good if name.startswith("v1.0.0"))
    site.host.run(
        f"ln -s releases/{first} /srv/asgi/{NAME}/.next && mv -T /srv/asgi/{NAME}/.next /srv/asgi/{NAME}/current"
    )
    assert site.units() == working(live)
    environment = SLOW if good.index(first) != 0 else {}
    site.run(work_env=environment).ok()
    assert site.live() == first
    assert site.settled() == working(first)


def test_go_back_with_a_rollback(site: Site) -> None:
    before = site.live()
    run = site.run("--extra-vars", f"asgi_release={other(site)}", name="rollback").ok()
    assert site.live() != before, run.output
    assert site.settled() == working(site.live())
    assert overlaps(site.log("scheduler")) == []


def other(site: Site) -> str:
    """Return a release that served, and does not now."""
    live = site.live()
    served = [str(line["to"]) for line in site.audit() if line["result"] == "live" and "to" in line]
    return next(release for release in reversed(served) if release != live)


def test_a_command_runs_in_the_release(site: Site) -> None:
    live = site.live()
    command = 'python -c \'import os; print(os.environ["ASGI_RELEASE"], os.environ["HOME"], "$HOME 100%")\''
    run = site.run(name="exec", asgi_app=NAME, asgi_command=command).ok()
    assert f"{live} /var/lib/asgi/{NAME} $HOME 100%" in run.output
    assert site.audit()[-1] | {"exec": command, "release": live, "status": 0} == site.audit()[-1]
    failed = site.run(name="exec", asgi_app=NAME, asgi_command="python -c 'import sys; print(1); sys.exit(7)'")
    assert failed.status != 0
    assert f"its process ended with status 7 in release {live} (exit status 7)" in failed.output
    assert site.audit()[-1]["status"] == 7
    trail = site.audit()
    dry = site.run("--check", name="exec", asgi_app=NAME, asgi_command="touch /tmp/never").ok()
    assert f"was not run, as this is check mode; it would run in release {live}" in dry.output
    assert site.audit() == trail
    left = site.host.run(f"systemctl list-units --all --plain --no-legend 'asgi-{NAME}.exec-*'").stdout
    assert left == ""


@pytest.mark.campaign
def test_a_release_without_any_stops_them(site: Site) -> None:
    site.changed(version="v1.1.0", processes={}, jobs={}).ok()
    assert site.settled() == set()
    assert site.get("/version").status_code == 200


@pytest.mark.campaign
def test_a_release_is_kept_while_something_runs_in_it(site: Site) -> None:
    """A job goes on in a release that is neither live nor among those kept."""
    site.run(work_version="v1.1.0").ok()
    old = site.live()
    unit = f"asgi-{NAME}.job-tick@{old}.service"
    site.host.run(f"mkdir -p /run/systemd/system/{unit}.d")
    override = "[Service]\\nExecStart=\\nExecStart=sleep 600\\n"
    site.host.run(f"printf '{override}' >/run/systemd/system/{unit}.d/slow.conf; systemctl daemon-reload")
    site.host.run(f"systemctl stop {unit}; systemctl start --no-block {unit}; sleep 1")
    try:
        site.changed(version="v1.1.0", keep_releases=1, env={"RUN": "a"}).ok()
        site.changed(version="v1.1.0", keep_releases=1, env={"RUN": "b"}).ok()
        there = site.host.run(f"ls /srv/asgi/{NAME}/releases").stdout.split()
        assert old in there
        assert site.host.run(f"systemctl is-active {unit}", check=False).stdout == "activating\n"
        assert len(there) == 3, "those that are live, to go back to, and busy"
    finally:
        site.host.run(f"rm -r /run/systemd/system/{unit}.d; systemctl stop {unit}; systemctl daemon-reload")


def test_come_back_after_a_reboot(site: Site) -> None:
    live = site.live()
    site.host.reboot()
    answer = https.wait(site.domain, site.host.address, site.ca, "/version")
    assert answer.json()["release"] == live
    deadline = time.monotonic() + 60
    while site.units() != working(live) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert site.units() == working(live)


def test_are_listed_by_status(site: Site) -> None:
    actual = site.info()
    assert {name: one["state"] for name, one in actual["processes"].items()} == dict.fromkeys(
        ("worker-1", "worker-2", "scheduler-1"), "active (running)"
    )
    assert {process["restarts"] for process in actual["processes"].values()} == {0}
    assert all(process["memory"] > 1_000_000 for process in actual["processes"].values())
    tick = actual["jobs"]["tick"]
    for _ in range(20):
        if tick["state"] == "active (waiting)" and tick["next"]:
            break
        tick = site.info()["jobs"]["tick"]  # it ran, as every two seconds, and has no next time until that ends
    assert tick["next"] and tick["last"] and (tick["state"], tick["result"]) == ("active (waiting)", "success")


def test_leave_nothing_behind(site: Site) -> None:
    assert site.units() == working(site.live())
    site.changed(state="absent", remove_data=True).ok()
    left = site.host.run(
        f"systemctl list-units --all --plain --no-legend 'asgi-{NAME}*'; "
        f"ls -d /etc/systemd/system/asgi-{NAME}* /srv/asgi/{NAME} /var/lib/systemd/timers/*asgi-{NAME}* 2>/dev/null; "
        f"pgrep -u asgi-{NAME}",
        check=False,
    )
    assert left.stdout == ""
    again = site.changed(state="absent").ok()
    assert again.counts(site.host.name)["changed"] == 0, again.output
