"""What people run day by day: plan, release, status, logs, restart, maintenance."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from tests import ROOT
from tests.integration.conftest import Web
from tests.integration.hosts import BARE, HOSTS, INVENTORY, LAB, only, playbook
from tests.integration.release.test_releases import traffic

AWAY = "asgi: {hosts: {away: {ansible_host: 198.18.0.254, ansible_ssh_timeout: 3}}}\n"


def test_status_is_a_table(webs: list[Web]) -> None:
    lines = playbook(name="status").ok().output.splitlines()
    heading = next(line for line in lines if line.startswith("HOST"))
    for column in ("APPLICATION", "STATE", "RELEASE", "COMMIT", "WORKERS", "MEMORY", "CERTIFICATE", "LAST DEPLOY"):
        assert column in heading
    for web in webs:
        [row] = [line for line in lines if line.startswith(f"{web.host.name} ") and " shop " in line]
        assert row.split()[:4] == [web.host.name, "shop", "ok", web.live()]
        assert " MiB " in row
        assert "release " in row


def test_status_for_programs(webs: list[Web], tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    output = playbook(f"--extra-vars=asgi_format=json asgi_file={file}", name="status").ok().output
    actual = json.loads(file.read_text())
    assert json.loads(output[output.index("\n{") : output.rindex("\n}") + 2]).keys() == actual.keys()
    for web in webs:
        summary = actual[web.host.name]
        assert summary["applications"]["shop"]["live"] == web.live()
        assert summary["certificates"]["shop"]["days_left"] > 0
        assert 0 < summary["host"]["disk_free"] < summary["host"]["disk_total"]


def test_status_as_a_page_and_of_a_host_that_is_away(webs: list[Web], tmp_path: Path) -> None:
    page, away = tmp_path / "status.html", tmp_path / "away.yml"
    away.write_text(AWAY)
    # As its user writes it: relative to where the command is given.
    extra = f"--extra-vars=asgi_page={os.path.relpath(page, ROOT)}"
    run = playbook(extra, name="status", inventories=(HOSTS, INVENTORY, away))
    assert run.status != 0
    assert "away: did not answer" in run.output
    text = page.read_text()
    for web in webs:
        assert f"<code>{web.live()}</code>" in text
    assert '<td class="state bad">no answer</td>' in text
    assert "http" not in text, "it needs nothing but itself"


def test_an_application_that_is_not_known(webs: list[Web]) -> None:
    for name in ("status", "logs", "restart", "rollback", "maintenance", "release", "remove", "plan", "site"):
        run = playbook("--extra-vars=asgi_app=shpo", name=name)
        assert run.status != 0
        assert "asgi_app: found shpo, expected one of shop" in run.output


def test_one_id_finds_what_happened(web: Web) -> None:
    request = f"requested-{time.time_ns()}"
    assert web.get("/version", headers={"X-Request-ID": request}).status_code == 200
    web.get("/version", headers={"X-Request-ID": "another-request"})
    output = playbook(f"--limit={web.host.name}", f"--extra-vars=asgi_request={request}", name="logs").ok().output
    [line] = [line for line in output.splitlines() if f"[{request}]" in line]
    assert f"nginx {web.live()} [{request}] GET /version 200 in " in line
    assert "another-request" not in output


def test_logs_by_level(web: Web) -> None:
    unit = f"asgi-shop@{web.live()}.service"
    limit = f"--limit={web.host.name}"
    output = playbook(limit, "--extra-vars=asgi_lines=2", name="logs").ok().output
    shown = [line for line in output.splitlines() if web.live() in line]
    assert len(shown) == 2, output
    web.host.run(f"systemctl kill --signal=USR1 {unit}")  # gunicorn opens its logs again, and says so
    output = playbook(limit, '--extra-vars={"asgi_minutes": 1, "asgi_level": "critical"}', name="logs").ok().output
    assert web.live() not in output


def test_what_comes_is_shown_once_and_whole(web: Web) -> None:
    unit = f"asgi-shop@{web.live()}.service"
    options = '--extra-vars={"asgi_lines": 1, "asgi_follow": 10}'
    signalled = []
    with ThreadPoolExecutor() as pool:
        following = pool.submit(playbook, f"--limit={web.host.name}", options, name="logs")
        while not following.done():
            time.sleep(2)
            signalled.append(time.time())
            web.host.run(f"systemctl kill --signal=USR1 {unit}")
        output = following.result().ok().output
    shown = [line for line in output.splitlines() if web.live() in line]
    times = [datetime.fromisoformat(f"{line[:23]}+00:00").timestamp() for line in shown]
    assert times == sorted(times) and len(set(shown)) == len(shown), output
    # The first line is of before; from there to the last none is missing, and some came at the same moment.
    signals = [line for line in shown if "Handling signal: usr1" in line]
    assert len(signals) >= len([moment for moment in signalled if times[0] < moment < times[-1]]) >= 1, output
    assert len(shown) > len(signals), output


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ("asgi_request=a b", "request: found 'a b', expected an id as in the header X-Request-ID"),
        ("asgi_lines=0", "lines: found 0, expected at least 1"),
        ("asgi_level=loud", "asgi_level: found 'loud', expected one of debug, info, warning, error, critical"),
        ("asgi_follow=soon", "asgi_follow: found 'soon', expected a whole number, as in -e asgi_follow=60"),
        ("asgi_follow=5 asgi_access=true", "access: nginx's log cannot be followed"),
    ],
)
def test_what_cannot_be_asked_of_logs(variables: str, says: str) -> None:
    key, value = variables.split("=", 1)
    extra = variables if "asgi_access" in value else json.dumps({key: value})
    run = playbook("--limit=web1", f"--extra-vars={extra}", name="logs")
    assert run.status != 0
    assert says in run.output, run.output


def test_a_restart_loses_no_request(webs: list[Web]) -> None:
    before = {web.host.name: web.info()["live"] for web in webs}
    pids = {web.host.name: main_process(web) for web in webs}
    with traffic(webs, websocket=0, timeout=60):  # a visitor who comes during it waits
        playbook(name="restart").ok()
    for web in webs:
        assert web.live() == before[web.host.name]
        assert main_process(web) != pids[web.host.name]
        last = web.audit()[-1]
        assert (last["restart"], last["result"]) == (web.live(), "live")


def main_process(web: Web) -> str:
    unit = f"asgi-shop@{web.live()}.service"
    return web.host.run(f"systemctl show --property=MainPID --value {unit}").stdout.strip()


def test_a_restart_in_check_mode(web: Web) -> None:
    pid = main_process(web)
    run = playbook("--check", f"--limit={web.host.name}", name="restart").ok()
    assert run.counts(web.host.name)["changed"] == 1
    assert main_process(web) == pid


@pytest.fixture
def closed(webs: list[Web]) -> Iterator[None]:
    playbook("--extra-vars=asgi_maintenance=true", name="maintenance").ok()
    yield
    run = playbook("--extra-vars=asgi_maintenance=false", name="maintenance").ok()
    assert all(run.counts(web.host.name)["changed"] == 1 for web in webs)
    assert all(web.get("/version").status_code == 200 for web in webs)


@pytest.mark.usefixtures("closed")
def test_maintenance(webs: list[Web]) -> None:
    for web in webs:
        answer = web.get("/version")
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        assert web.get("/ready").status_code == 200, "the gate's path still answers"
    again = playbook("--extra-vars=asgi_maintenance=true", name="maintenance").ok()
    assert all(again.counts(web.host.name)["changed"] == 0 for web in webs)
    assert playbook(name="status").ok().output.count(" shop         maintenance  ") == len(webs)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("{}", "asgi_maintenance: is missing; this playbook needs it, as in -e asgi_maintenance=true"),
        ("asgi_maintenance=perhaps", "asgi_maintenance: found 'perhaps', expected true or false, as in -e"),
        # What is spelt wrongly must not close all of them.
        ("asgi_maintenance=true asgi_ap=shop", "asgi_ap: is not a variable of asgi.deploy; did you mean asgi_app?"),
    ],
)
def test_maintenance_needs_to_know_which(value: str, says: str) -> None:
    run = playbook(f"--extra-vars={value}", name="maintenance")
    assert run.status != 0
    assert says in run.output


def test_a_plan_where_nothing_would_change(webs: list[Web]) -> None:
    run = playbook(name="plan").ok()
    for web in webs:
        assert run.counts(web.host.name)["changed"] == 0, run.output
        lines = run.output.splitlines()
        assert f"{web.host.name}: shop: nothing would change; {web.live()} serves" in lines
        closed = f"{web.host.name}: shop: the cloud's metadata service is closed to it; if it uses the machine's role"
        assert [line for line in lines if line.startswith(closed)], lines
        assert {f"{web.host.name}: {part}: nothing would change" for part in ("nginx", "hardening")} <= set(lines)


def test_a_plan_of_a_release_and_of_drift(web: Web) -> None:
    before, limit = web.live(), f"--limit={web.host.name}"
    file = "/etc/nginx/asgi/compress.conf"
    web.host.run(f"echo '# by hand' >>{file}")
    try:
        output = playbook(limit, "--extra-vars", only(web.domain), name="plan").ok().output
    finally:
        web.host.run(f"sed -i '/by hand/d' {file}")
    assert f"{web.host.name}: nginx would change\n  files  {file}\n" in output
    [line] = [line for line in output.splitlines() if line.startswith("  release")]
    assert line.split()[1:3] == [before, "->"] and line.split()[3].startswith("v1.1.0-"), line
    assert f"{web.host.name}: shop would change\n{line}\n  workers  " in output
    assert web.live() == before


def test_a_plan_of_an_empty_host(web: Web, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(f"asgi: {{hosts: {{{BARE}: }}, vars: {{certificate_email: ops@example.com}}}}\n")
    extra = only(web.domain)
    output = playbook("--extra-vars", extra, name="plan", inventories=(HOSTS, inventory)).ok().output
    assert f"{BARE}: nginx would change\n  packages  nginx" in output
    assert "  release       none -> v1.1.0, whose name is known once the host can read its source\n" in output
    assert "  certificate   there is none\n" in output
    assert LAB.host(BARE).run("ls -d /etc/nginx /opt/asgi /srv/asgi 2>/dev/null", check=False).stdout == ""


def test_a_release_of_another_version_by_one_command(webs: list[Web]) -> None:
    before = {web.host.name: web.live() for web in webs}
    errors = playbook("--extra-vars=asgi_version=--upload-pack=id", name="release")
    assert errors.status != 0
    assert "asgi_apps[0] (shop).version: found '--upload-pack=id'" in errors.output
    with traffic(webs, websocket=0):
        playbook("--extra-vars=asgi_version=v1.1.0", name="release").ok()
        for web in webs:
            web.drained()
        assert {web.version()["version"] for web in webs} == {"1.1.0"}
        playbook(name="release").ok()
    assert {web.host.name: web.live() for web in webs} == before


@pytest.fixture
def resumed() -> Iterator[None]:
    yield
    playbook(name="resume").ok()


@pytest.mark.usefixtures("resumed")
def test_a_pause_holds_requests_and_loses_none(webs: list[Web]) -> None:
    before = {web.host.name: web.live() for web in webs}
    with traffic(webs, websocket=0, timeout=90):
        checked = playbook("--check", name="pause").ok()
        playbook(name="pause").ok()
        began = time.monotonic()
        with ThreadPoolExecutor() as pool:
            held = [pool.submit(web.get, "/version", timeout=90) for web in webs]
            assert playbook(name="status").ok().output.count(" shop         paused  ") == len(webs)
            assert not any(answer.done() for answer in held)
            waited = time.monotonic() - began
            run = playbook(name="resume").ok()
            answers = [answer.result() for answer in held]
    assert [answer.status_code for answer in answers] == [200] * len(webs)
    assert all(answer.elapsed.total_seconds() > waited for answer in answers)
    for web in webs:
        counts = [item.counts(web.host.name)["changed"] for item in (checked, run)]
        assert counts == [1, 1]
        assert web.live() == before[web.host.name]
        assert [next(iter({"pause", "resume"} & line.keys())) for line in web.audit()[-2:]] == ["pause", "resume"]
        assert web.host.run("ls -d /run/systemd/system/asgi-shop@*.d", check=False).stdout == ""
        assert (
            web.host.run("systemctl show --property=NeedDaemonReload --value 'asgi-shop@*'").stdout.split()
            == ["no"] * 2
        )


@pytest.mark.usefixtures("resumed")
def test_what_is_paused_waits_for_its_end(webs: list[Web]) -> None:
    playbook(name="pause").ok()
    again = playbook(name="pause").ok()
    assert [again.counts(web.host.name)["changed"] for web in webs] == [0] * len(webs)
    for name in ("release", "rollback", "restart"):
        assert " is paused; run asgi.deploy.resume first" in playbook(name=name).output


STARTED = "systemctl list-units --plain --no-legend --state=active,activating 'asgi-shop@*' 'asgi-shop.*'"


@pytest.fixture
def started() -> Iterator[None]:
    yield
    playbook(name="start").ok()
    playbook().ok()


@pytest.mark.usefixtures("started")
def test_a_stop_lasts_until_the_start(webs: list[Web]) -> None:
    """What is in hand is answered; then visitors see nginx's page, over a reboot, and whatever starts the units."""
    before = {web.host.name: web.live() for web in webs}
    checked = playbook("--check", name="stop").ok()
    with ThreadPoolExecutor() as pool:
        held = [pool.submit(web.get, "/slow?seconds=8", timeout=60) for web in webs]
        for web in webs:  # it is there: connections that were accepted, and that wait
            socket = f" /srv/asgi/shop/releases/{web.live()}/app.sock"
            web.eventually(f"grep -a ' 0[23] ' /proc/net/unix | grep -qF '{socket}'")
        stopped = playbook(name="stop").ok()
        assert [answer.result().status_code for answer in held] == [200] * len(webs)
    again = playbook(name="stop").ok()
    for web in webs:
        counts = [run.counts(web.host.name)["changed"] for run in (checked, stopped, again)]
        assert counts == [1, 1, 0]
        units = f"asgi-shop@{web.live()}.socket asgi-shop@{web.live()}.service asgi-boot@shop.service"
        web.host.run(f"systemctl start {units}")
        web.host.run(f"systemctl restart asgi-shop@{web.live()}.service")
    webs[0].host.reboot()
    webs[0].eventually("systemctl is-active --quiet nginx")
    for web in webs:
        answer = web.get("/version")
        assert (answer.headers["Retry-After"], "<!DOCTYPE html>" in answer.text) == ("5", True)
        assert web.get("/ready").status_code == 503
        assert web.host.run(STARTED).stdout == ""
    output = playbook(name="status").ok().output
    assert output.count(" shop         stopped  ") == len(webs), output
    extra = "--extra-vars=shop_version=v1.1.0"
    run = playbook(extra).ok()
    for name in ("release", "rollback", "restart", "pause"):
        refused = playbook(name=name)
        assert refused.status != 0
        assert "run asgi.deploy.start first" in refused.output, refused.output
    command = ["--extra-vars=asgi_app=shop", "--extra-vars=asgi_command=true"]
    assert "shop: true: ended well" in playbook(*command, name="exec").ok().output
    for web in webs:
        live = before[web.host.name]
        waits = f"waits: asgi.deploy.start starts {live}, and asgi.deploy.site then releases"
        [line] = [line for line in run.output.splitlines() if line.startswith(f"{web.host.name}: shop: stopped since ")]
        assert "v1.1.0-" in line and line.endswith(waits), line
        assert web.live() == live
        assert web.host.run(STARTED).stdout == ""
    # One that does not come up stays stopped.
    units = f"/run/systemd/system/asgi-shop@{webs[0].live()}.service.d"
    webs[0].host.run(f"mkdir {units}; printf '[Service]\\nExecStartPre=/bin/false\\n' >{units}/false.conf")
    failed = playbook(name="start")
    webs[0].host.run(f"rm -r {units}; systemctl daemon-reload")
    assert failed.status != 0 and "It stays stopped." in failed.output, failed.output
    assert (webs[0].get("/version").status_code, webs[0].host.run(STARTED).stdout) == (503, "")
    playbook(name="start").ok()
    for web in webs:
        assert web.version()["release"] == before[web.host.name]
        noted = [line["result"] for line in web.audit() if {"stop", "start"} & line.keys()]
        expected = ["stopped", *(["failed"] if web is webs[0] else []), "live"]
        assert noted[-len(expected) :] == expected
        assert web.host.run("ls -d /etc/systemd/system/asgi-shop*.d /srv/asgi/shop/stopped", check=False).stdout == ""
