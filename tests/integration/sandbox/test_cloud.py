"""The cloud's metadata service, which hands out the credentials of the machine's role: it is closed, and stays so."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import METADATA_RULES
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.metadata_service import build_lines

from tests.integration.cloud import ADDRESSES, ask_by_tcp, ask_by_udp, came_of
from tests.integration.hosts import Run
from tests.integration.sandbox.conftest import Prey, scenario

OPTION = "write sandbox: {metadata: true}"
CLOSED, OPEN = {"error": "ConnectionRefusedError"}, {"error": None}


def come(found: dict[str, object]) -> dict[str, object]:
    return {"error": found["error"]}


@pytest.mark.parametrize("ask", [ask_by_tcp, ask_by_udp])
def test_a_name_server_at_its_address_is_reached(attacked: Prey, ask: Callable[[str, int], str]) -> None:
    actual = attacked.attack(ask("169.254.169.254", 53))
    assert actual == {"error": None, "result": "token"}


def status(site: Prey) -> str:
    return " ".join(scenario(f"--limit={site.host.name}", name="status").ok().output.split())


def test_status_names_the_option_and_rules_that_are_not_there(attacked: Prey) -> None:
    attacked.attack(ask_by_tcp("169.254.169.254"))
    attacked.host.run("nft flush chain inet asgi_metadata_neighbour closed")
    try:
        output = status(attacked)
        assert "attacked: The application asked the cloud's metadata service, which is closed to it" in output, output
        assert OPTION in output
        assert "neighbour: its rules that close the cloud's metadata service are not as they were loaded" in output
    finally:  # as it says
        attacked.host.run("systemctl restart asgi-metadata@neighbour")
    assert "skuid" in attacked.host.run("nft list chain inet asgi_metadata_neighbour closed").stdout


def test_what_brings_rules_back_asks_nothing_where_there_are_none(attacked: Prey) -> None:
    """The pattern of its loop is no file then, and would be one of units for systemctl."""
    rules, unit = METADATA_RULES, "asgi-metadata-watch.service"
    cursor = attacked.host.run("journalctl --lines=0 --show-cursor").stdout.split("cursor: ")[1].strip()
    attacked.host.run(f"mkdir {rules}.kept && mv {rules}/*.nft {rules}.kept/")
    try:
        attacked.host.run(f"systemctl restart {unit}; nft add table inet marker; nft delete table inet marker")
        # It comes to this when it has seen all that was before.
        attacked.host.run(f"mv {rules}.kept/attacked.nft {rules}/ && nft delete table inet asgi_metadata_attacked")
        attacked.eventually("nft list table inet asgi_metadata_attacked")
    finally:
        attacked.host.run(f"mv {rules}.kept/*.nft {rules}/; rmdir {rules}.kept; systemctl restart {unit}")
    log = f"journalctl --output=cat --no-pager --quiet --after-cursor='{cursor}' --unit=asgi-metadata@neighbour"
    asked = attacked.host.run(log).stdout
    assert asked == ""


@pytest.mark.parametrize(
    "thrown",
    [
        "nft flush ruleset",
        "systemctl restart nftables.service; systemctl stop nftables.service",
        "nft --file /etc/nftables.conf",
        "nft delete table inet asgi_metadata_attacked",
    ],
)
def test_rules_that_are_thrown_away_come_back(attacked: Prey, thrown: str) -> None:
    attacked.host.run(thrown)
    attacked.eventually("nft list table inet asgi_metadata_attacked")
    assert come(attacked.attack(ask_by_tcp("169.254.169.254"))) == CLOSED


def test_a_release_that_runs_into_it_names_the_option(neighbour: Prey) -> None:
    """In its gate, or while it is watched."""

    def run(how: str) -> tuple[int, str]:
        variables = {"asgi_app": "neighbour", "asgi_version": "v1.0.0", "neighbour_at_start": how}
        done = scenario(f"--limit={neighbour.host.name}", f"--extra-vars={json.dumps(variables)}", name="release")
        return done.status, " ".join(done.output.split())

    before = neighbour.live()
    try:
        status, output = run("needed")
        assert status != 0 and "was not put live" in output and OPTION in output, output
        assert neighbour.live() == before
        status, output = run("requested")
        assert status == 0 and OPTION in output, output
        assert neighbour.live() != before
    finally:
        assert run("")[0] == 0


def test_a_plan_shows_and_a_rollback_restores_what_a_release_may_ask(neighbour: Prey) -> None:
    """A release opens it, one that fails leaves it as it was, and a rollback closes it again."""
    opened, closed = {"metadata": True}, {"metadata": False}
    ask, first = ask_by_tcp("169.254.169.254"), neighbour.live()
    assert come(neighbour.attack(ask)) == CLOSED
    try:
        output = run(neighbour, "plan", at_start="opened", sandbox=opened).output
        assert "the cloud's metadata service would be opened to it, and stay closed to its builds" in output, output
        assert come(neighbour.attack(ask)) == CLOSED
        run(neighbour, at_start="opened", sandbox=opened).ok()
        second = neighbour.live()
        assert second != first and come(neighbour.attack(ask)) == OPEN
        output = run(neighbour, "site", "--check", sandbox=closed).output
        assert "the cloud's metadata service would be closed to it and its builds" in output, output
        failed = run(neighbour, at_start="needed", sandbox=closed)
        assert failed.status != 0 and neighbour.live() == second, failed.output
        assert come(neighbour.attack(ask)) == OPEN, "the release that serves goes on as it was"
        run(neighbour, "rollback").ok()
        neighbour.drained()
        assert neighbour.live() == first and come(neighbour.attack(ask)) == CLOSED
        output = run(neighbour, "plan").output
        assert "neighbour: nothing would change" in output, output
    finally:
        run(neighbour).ok()


def run(site: Prey, name: str = "release", *arguments: str, sandbox: Any = None, at_start: str = "") -> Run:
    """Run a playbook for one application whose entry differs."""
    variables = {"asgi_app": site.app, "neighbour_sandbox": sandbox or {}, "neighbour_at_start": at_start}
    return scenario(f"--limit={site.host.name}", f"--extra-vars={json.dumps(variables)}", *arguments, name=name)


def test_without_nft_lines_of_the_units_close_it(attacked: Prey) -> None:
    lines = tuple(build_lines({"nftables": False, "nameservers": [ADDRESSES[0]]}))
    assert came_of(attacked.host, ask_by_tcp(ADDRESSES[1]), "root") == "token"
    assert came_of(attacked.host, ask_by_tcp(ADDRESSES[1]), "root", lines) in ("PermissionError", "TimeoutError")
    assert came_of(attacked.host, ask_by_tcp(ADDRESSES[0]), "root", lines) == "token", "resolv.conf names it"
