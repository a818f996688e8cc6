"""Releases under traffic: not one request is lost, and a release that does not work gets none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.integration.conftest import Web
from tests.integration.hosts import only, playbook
from tests.traffic import Traffic

STEADY = {"get": 3, "new": 1, "post": 2, "http2": 1, "websocket": 1, "pause": 0.15}


@contextmanager
def traffic(webs: list[Web], **changes: float) -> Iterator[None]:
    """Send visitors of every kind to every host; none of them may notice what the block does."""
    with ExitStack() as stack:
        flows = [
            stack.enter_context(Traffic(web.url, connect=web.host.address, ca=web.ca, seconds=900, **STEADY | changes))
            for web in webs
        ]
        yield
    for flow in flows:
        assert flow.report.requests > 10, str(flow.report)  # that there was any, however busy the machine is
        assert flow.report.failures == 0, str(flow.report)
        assert flow.report.websocket_closed == 0, str(flow.report)


def release(version: str) -> None:
    """Release a version on all hosts."""
    playbook(f"--extra-vars=shop_version={version}").ok()


def test_a_release_and_the_way_back_lose_no_request(webs: list[Web]) -> None:
    first = {web.host.name: web.version() for web in webs}
    with traffic(webs):
        release("v1.1.0")
        for web in webs:
            web.drained()
            assert web.version()["version"] == "1.1.0"
            assert web.version()["release"] == web.live()
        again = playbook("--extra-vars=shop_version=v1.0.0").ok()
    for web in webs:
        web.drained()
        # The release that was there before is on the host still: nothing was built, and it is the very same.
        assert web.version()["release"] == first[web.host.name]["release"], again.output
        last = web.audit()[-1]
        assert (last["result"], last["to"]) == ("live", web.live())
        assert "prepared" not in last["steps"]


def test_only_the_live_release_runs_afterwards(web: Web) -> None:
    web.drained()
    running = web.host.run("systemctl list-units --plain --no-legend --all 'asgi-shop@*'").stdout
    assert {line.split()[0] for line in running.splitlines()} == {
        f"asgi-shop@{web.live()}.service",
        f"asgi-shop@{web.live()}.socket",
    }


def test_a_broken_release_gets_no_traffic(webs: list[Web]) -> None:
    before = {web.host.name: web.live() for web in webs}
    with traffic(webs):
        run = playbook("--extra-vars=shop_version=v1.2.0")
    assert run.status != 0
    assert 'raise RuntimeError("this version is broken on purpose")' in run.output
    for web in webs:
        assert f"was not put live; {before[web.host.name]} still serves" in run.output
        assert web.live() == before[web.host.name] == web.version()["release"]
        assert web.audit()[-1]["result"] == "failed"
        assert "v1.2.0" not in web.host.run("systemctl list-units --all --plain 'asgi-shop@*'").stdout
    release("v1.0.0")  # and nothing stands in the way of the next run


def test_a_websocket_keeps_its_release_until_the_drain_ends(webs: list[Web]) -> None:
    web = webs[-1]
    with Traffic(web.url, connect=web.host.address, ca=web.ca, websocket=2, websocket_seconds=9, pause=0.2) as flow:
        release("v1.1.0")
        web.drained()
    assert flow.report.failures == 0, str(flow.report)
    assert flow.report.websocket_closed == 0, str(flow.report)
    assert {item.version for item in flow.report.releases} == {"1.0.0", "1.1.0"}, str(flow.report)


def test_a_changed_environment_is_a_release_of_its_own(webs: list[Web]) -> None:
    web = webs[0]
    before = web.live()
    greeting = 'a "quoted" $value with \\ and spaces'
    env = {"GREETING": greeting, "SHOP_WARM_UP_SECONDS": "1"}
    variables = only(web.domain, env=env, gate={"path": "/ready", "status": ["200"]})
    playbook("--extra-vars", variables, f"--limit={web.host.name}").ok()
    assert web.live() != before
    pid = web.version()["pid"]
    environment = web.host.run(f"tr '\\0' '\\n' </proc/{pid}/environ").stdout.splitlines()
    assert f"GREETING={greeting}" in environment
    assert f"ASGI_RELEASE={web.live()}" in environment
