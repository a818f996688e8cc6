"""The engine's other operations: rollback, release, removal; and what it reports of itself."""

from __future__ import annotations

import json
import socket
import ssl
import time
from contextlib import AbstractContextManager, ExitStack

import pytest
from websockets.sync.client import ClientConnection, connect

from tests import ROOT
from tests.campaigns.foreign import PACKAGES, Foreign
from tests.integration.conftest import Web, web
from tests.integration.hosts import HOSTS, LAB, only, playbook
from tests.integration.release.test_releases import release, traffic
from tests.lab.packages import ensure
from tests.traffic import Traffic


@pytest.fixture(name="site", scope="module")
def one_site() -> Web:
    return web("web1")


def test_goes_back_without_losing_a_request(site: Web) -> None:
    first = site.live()
    release("v1.1.0")
    second = site.live()
    ensure(PACKAGES)
    with traffic([site]), Foreign(site.host.address, site.domain, pace=80) as others:
        run = playbook(f"--limit={site.host.name}", name="rollback").ok()
    assert others.counts.requests > 80 and not others.counts.lost, others.counts
    assert run.counts(site.host.name)["changed"] == 1
    assert site.live() == first
    site.drained()  # until then nginx may use a connection to the release before
    assert site.version()["release"] == first
    assert site.audit()[-1] | {"from": second, "to": first, "rollback": True, "result": "live"} == site.audit()[-1]
    twice = playbook(f"--limit={site.host.name}", name="rollback")
    assert site.live() != second, f"going back twice must not lead forward again: {twice.output}"
    playbook(f"--limit={site.host.name}", f"--extra-vars=asgi_release={second}", name="rollback").ok()
    assert site.live() == second
    variables = only(site.domain, env={"RUN": "third"}, watch={"seconds": 0})
    playbook(f"--limit={site.host.name}", "--extra-vars", variables).ok()
    third = site.live()
    playbook(f"--limit={site.host.name}", f"--extra-vars=asgi_release={first}", name="rollback").ok()
    further = playbook(f"--limit={site.host.name}", name="rollback")
    assert site.live() not in (second, third), f"going back from {first} must not lead forward: {further.output}"
    playbook(f"--limit={site.host.name}", f"--extra-vars=asgi_release={second}", name="rollback").ok()
    refused = playbook(f"--limit={site.host.name}", "--extra-vars=asgi_release=v9-00000000", name="rollback")
    assert refused.status != 0
    assert "v9-00000000 is not a release that served well and is still on this host; those that did:" in refused.output
    assert site.live() == second
    unknown = playbook(f"--limit={site.host.name}", "--extra-vars=asgi_app=shoop", name="rollback")
    assert unknown.status != 0
    assert "asgi_app: found shoop, expected one of shop" in unknown.output


def test_goes_back_to_a_release_that_still_drains(site: Web) -> None:
    """A connected visitor stays so, and does not confuse its gate."""
    playbook(
        f"--limit={site.host.name}", "--extra-vars", only(site.domain, watch={"seconds": 0}, drain_timeout=600)
    ).ok()
    first = site.live()
    with open_websocket(site) as ws:
        variables = only(site.domain, env={"RUN": "next"}, watch={"seconds": 0})
        playbook(f"--limit={site.host.name}", "--extra-vars", variables).ok()
        assert site.live() != first
        playbook(f"--limit={site.host.name}", name="rollback").ok()
        assert site.live() == first
        ws.send("still there?")
        assert json.loads(ws.recv(timeout=10))["release"] == first


def test_a_crashed_release_is_replaced_for_good(site: Web) -> None:
    """Its failed units do not look, run after run, as if they had yet to be stopped."""
    live = site.live()
    site.host.run(f"systemctl kill --signal=KILL asgi-shop@{live}.service; systemctl stop asgi-shop@{live}.socket")
    variables = only(site.domain, env={"RUN": "after a crash"})
    playbook(f"--limit={site.host.name}", "--extra-vars", variables).ok()
    assert site.live() != live
    site.drained()
    again = playbook(f"--limit={site.host.name}", "--extra-vars", variables).ok()
    assert again.counts(site.host.name)["changed"] == 0, again.output


def test_reports_what_is_there(site: Web) -> None:
    actual = site.info()
    assert actual["live"] == site.live()
    assert actual["health"] == ""
    assert actual["workers"] > 1
    assert actual["memory"] > 1_000_000
    assert actual["releases"][site.live()]["running"]
    assert {"prepared", "released", "started", "gated", "live", "watched"} <= set(
        actual["releases"][site.live()]["states"]
    )
    assert actual["deploys"][-1]["to"] == site.live()


def test_a_second_run_waits_and_says_for_whom(site: Web) -> None:
    site.host.run("systemd-run --quiet --unit=holder flock --exclusive /srv/asgi/shop/.lock sleep 600")
    site.host.run("until ! flock --nonblock /srv/asgi/shop/.lock true; do sleep 0.05; done")
    site.host.run("echo 'alice, process 1, since yesterday' >/srv/asgi/shop/.lock")
    try:
        run = playbook(f"--limit={site.host.name}", "--extra-vars", only(site.domain, lock_timeout=1))
    finally:
        site.host.run("systemctl stop holder")
    assert run.status != 0
    assert "another run on this host holds the lock: alice, process 1, since yesterday; waited 1 s" in run.output


def test_a_release_while_systemd_reloads_its_units(site: Web) -> None:
    """As it does when packages are installed, and when it is upgraded itself, which cuts off who asks it just then.

    All that a release starts during that time is what it would have been.
    """
    again = "while :; do systemctl daemon-reload; sleep 0.5; systemctl daemon-reexec; sleep 1.5; done"
    venv = "readlink /srv/asgi/shop/current/venv"
    before = site.host.run(venv).stdout
    site.host.run(f"systemd-run --quiet --unit=again --property=RuntimeMaxSec=300 sh -c '{again}'")
    try:
        with traffic([site]):
            variables = only(site.domain, installer="pip")
            playbook(f"--limit={site.host.name}", "--extra-vars", variables).ok()
            site.drained()
    finally:
        site.eventually("systemctl stop again")  # which systemd refuses while it is executed again
    assert site.host.run(venv).stdout != before, "what builds it was started at that time"


def test_a_release_that_does_badly_is_rolled_back(site: Web) -> None:
    """It answers its gate, and fails what visitors ask."""
    live = site.live()
    repository = LAB.repository("worse", HOSTS.parent / "worse")
    repository.create(ROOT / "examples" / "shop")
    main = repository.tree / "shop" / "main.py"
    main.write_text(main.read_text().replace("    return Version()\n", '    raise RuntimeError("no stock")\n'))
    repository.commit("v1.3.0")
    with Traffic(site.url, connect=site.host.address, ca=site.ca, get=3, pause=0.05) as flow:
        changed = only(site.domain, git=repository.url, version="v1.3.0", watch={"seconds": 60})
        run = playbook(f"--limit={site.host.name}", "--extra-vars", changed)
    assert run.status != 0
    assert f"was rolled back; {live} serves again" in run.output
    assert "requests ended with a server error, more than 10 percent and at least 5" in run.output
    assert "RuntimeError: no stock" in run.output
    assert flow.report.failures_by.keys() == {"status 500"}, "errors of its own, and none of the switch's"
    assert site.live() == live == site.version()["release"]


@pytest.mark.parametrize("how", ["systemctl restart 'asgi-shop@*.service'", "pkill --signal TERM --oldest gunicorn"])
def test_a_restart_loses_no_request(site: Web, how: str) -> None:
    release("v1.1.0")
    site.drained()  # so that there is no older server
    pid = site.version()["pid"]
    with traffic([site], websocket=0):
        site.host.run(how)
        site.host.run(f"while test -d /proc/{pid}; do sleep 0.2; done", timeout=60)
    assert site.version()["release"] == site.live()


def test_release_commands_end_at_the_first_that_fails(site: Web) -> None:
    """The audit trail has each that was begun; the next run of the same release begins with the first one again."""
    home = "/var/lib/asgi/shop"
    steps = [f"sh -c 'echo {name} >>$HOME/steps'" for name in ("migrate", "never")]
    seed = "sh -c 'echo seed $0 >>$HOME/steps; test -e $HOME/ready' a,b"
    variables = only(site.domain, release_command=[steps[0], seed, steps[1]], env={"RUN": f"{time.time_ns()}"})
    live = site.live()
    done = playbook("--extra-vars", variables, f"--limit={site.host.name}")
    assert done.status != 0
    assert f"its release command failed: number 2 of 3, {seed}: its process ended with status 1" in done.output, (
        done.output
    )
    assert site.live() == live == site.version()["release"]
    failed = site.audit()[-1]
    assert [run["command"] for run in failed["commands"]] == [steps[0], seed]
    assert [run["result"] for run in failed["commands"]] == ["ended well", "its process ended with status 1"]
    assert all(run["started"] <= run["ended"] for run in failed["commands"])
    assert site.info()["deploys"][-1]["commands"] == failed["commands"]
    site.host.run(f"touch {home}/ready")
    playbook("--extra-vars", variables, f"--limit={site.host.name}").ok()
    release = site.live()
    assert site.host.run(f"cat {home}/steps").stdout.split("\n")[:-1] == [
        *("migrate", "seed a,b"),
        *("migrate", "seed a,b", "never"),
    ]
    site.host.run(f"rm {home}/steps {home}/ready")
    assert [run["result"] for run in site.audit()[-1]["commands"]] == ["ended well"] * 3
    playbook("--extra-vars", variables, f"--limit={site.host.name}").ok()
    assert site.host.run(f"test -e {home}/steps", check=False).returncode, "a release runs its commands once"
    units = site.host.run(f"ls /etc/systemd/system/*command*@{release}.service").stdout.split()
    assert len(units) == 3


def test_the_release_command_runs_once_as_the_application(site: Web) -> None:
    command = """sh -c 'echo "$(id -un) $ASGI_RELEASE $GREETING $(command -v python)" >>$HOME/commands'"""
    variables = only(site.domain, release_command=command, env={"GREETING": '50% "off"'})
    playbook(f"--limit={site.host.name}", "--extra-vars", variables).ok()
    playbook(f"--limit={site.host.name}", "--extra-vars", variables).ok()
    live = site.live()
    python = f"/srv/asgi/shop/releases/{live}/venv/bin/python"
    assert site.host.run("cat /var/lib/asgi/shop/commands").stdout == f'asgi-shop {live} 50% "off" {python}\n'
    site.host.run("rm /var/lib/asgi/shop/commands")


def test_generations_overlap_while_a_visitor_is_connected(site: Web) -> None:
    """Two WebSockets hold on to two releases that were replaced; each release stops when its own has gone."""

    def talk(ws: ClientConnection) -> str:
        ws.send("still there?")
        return str(json.loads(ws.recv(timeout=10))["release"])

    def running() -> set[str]:
        units = site.host.run("systemctl list-units --plain --no-legend 'asgi-shop@*.service'").stdout
        return {line.split("@")[1].split(".service")[0] for line in units.splitlines()}

    generations: list[str] = []
    with ExitStack() as stack:
        sockets: list[ClientConnection] = []
        for number in range(3):
            # However long three releases take, no one is cut off.
            variables = only(site.domain, env={"RUN": str(number)}, watch={"seconds": 0}, drain_timeout=600)
            playbook(f"--limit={site.host.name}", "--extra-vars", variables).ok()
            generations.append(site.live())
            sockets.append(stack.enter_context(open_websocket(site)))
        assert [talk(ws) for ws in sockets] == generations
        assert running() == set(generations)
    site.drained()
    assert running() == {generations[2]}


def open_websocket(site: Web) -> AbstractContextManager[ClientConnection]:
    context = ssl.create_default_context(cafile=str(site.ca))
    raw = socket.create_connection((site.host.address, 443), timeout=10)
    return connect(f"wss://{site.domain}/ws", sock=raw, ssl=context, open_timeout=60)


def test_a_commit_that_is_here_needs_no_network(site: Web) -> None:
    commit = site.info()["releases"][site.live()]["commit"]
    playbook(f"--limit={site.host.name}", "--extra-vars", only(site.domain, version=commit)).ok()
    nowhere = only(site.domain, version=commit, git=LAB.repository("none", HOSTS.parent / "none").url)
    run = playbook(f"--limit={site.host.name}", "--extra-vars", nowhere).ok()
    assert run.counts(site.host.name)["changed"] == 0, run.output


def test_is_taken_off_the_host_wholly(site: Web) -> None:
    site.host.run("install -o asgi-shop -d /var/lib/asgi/shop && touch /var/lib/asgi/shop/precious")
    gone = only(site.domain, state="absent")
    dry = playbook(f"--limit={site.host.name}", "--check", "--extra-vars", gone).ok()
    assert dry.counts(site.host.name)["changed"] >= 3
    playbook(f"--limit={site.host.name}", "--extra-vars", gone).ok()
    left = site.host.run(
        "systemctl list-units --all --plain --no-legend 'asgi-shop*'; "
        "ls -d /srv/asgi/shop /etc/systemd/system/asgi-shop* "
        "/etc/nginx/asgi/sites/shop.conf /var/lib/asgi-deploy/certbot/live/shop "
        "/var/cache/asgi/git/shop.git 2>/dev/null; "
        "getent passwd asgi-shop",
        check=False,
    )
    assert left.stdout == ""
    assert site.host.run("ls /var/lib/asgi/shop").stdout == "precious\n"
    again = playbook(f"--limit={site.host.name}", "--extra-vars", gone).ok()
    assert again.counts(site.host.name)["changed"] == 0, again.output
    playbook(f"--limit={site.host.name}").ok()
    assert site.version()["version"] == "1.0.0"
