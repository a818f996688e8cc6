"""The cloud's metadata service, which hands out the credentials of the machine's role: it is closed, and stays so."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.metadata_service import build_lines

from tests.integration.cloud import ADDRESSES, ask_by_tcp, ask_by_udp, came_of
from tests.integration.sandbox.conftest import Prey, scenario

OPTION = "write sandbox: {metadata: true}"
CLOSED, OPEN = {"error": "ConnectionRefusedError"}, {"error": None}


def come(found: dict[str, object]) -> dict[str, object]:
    return {"error": found["error"]}


@pytest.mark.parametrize("ask", [ask_by_tcp, ask_by_udp])
def test_a_name_server_at_its_address_is_reached(attacked: Prey, ask: Callable[[str, int], str]) -> None:
    found = attacked.attack(ask("169.254.169.254", 53))
    assert found == {"error": None, "result": "token"}


def status(site: Prey) -> str:
    return " ".join(scenario(f"--limit={site.host.name}", name="status").ok().output.split())


def test_status_names_the_option_and_rules_that_are_not_there(attacked: Prey) -> None:
    attacked.attack(ask_by_tcp("169.254.169.254"))
    attacked.host.run("nft flush chain inet asgi_metadata_neighbour closed")
    try:
        told = status(attacked)
        assert "attacked: The application asked the cloud's metadata service, which is closed to it" in told, told
        assert OPTION in told
        assert "neighbour: its rules that close the cloud's metadata service are not as they were loaded" in told
    finally:  # as it says
        attacked.host.run("systemctl restart asgi-metadata@neighbour")
    assert "skuid" in attacked.host.run("nft list chain inet asgi_metadata_neighbour closed").stdout


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


def test_a_release_that_runs_into_it_is_told_of_the_option(neighbour: Prey) -> None:
    """In its gate, or while it is watched."""

    def run(how: str) -> tuple[int, str]:
        variables = {"asgi_app": "neighbour", "asgi_version": "v1.0.0", "neighbour_at_start": how}
        done = scenario(f"--limit={neighbour.host.name}", f"--extra-vars={json.dumps(variables)}", name="release")
        return done.status, " ".join(done.output.split())

    before = neighbour.live()
    try:
        status, told = run("needed")
        assert status != 0 and "was not put live" in told and OPTION in told, told
        assert neighbour.live() == before
        status, told = run("wanted")
        assert status == 0 and OPTION in told, told
        assert neighbour.live() != before
    finally:
        assert run("")[0] == 0


def test_without_nft_lines_of_the_units_close_it(attacked: Prey) -> None:
    lines = tuple(build_lines({"nftables": False, "nameservers": [ADDRESSES[0]]}))
    assert came_of(attacked.host, ask_by_tcp(ADDRESSES[1]), "root") == "token"
    assert came_of(attacked.host, ask_by_tcp(ADDRESSES[1]), "root", lines) in ("PermissionError", "TimeoutError")
    assert came_of(attacked.host, ask_by_tcp(ADDRESSES[0]), "root", lines) == "token", "resolv.conf names it"
