"""Every scenario is run, in one lane, on hosts that no other lane uses."""

from __future__ import annotations

import pytest

from tests import ROOT
from tests.integration import hosts
from tests.integration.scenarios import DEBIAN, SCENARIOS, hosts_of, named
from tests.lab import LabError


def test_every_scenario_has_a_lane() -> None:
    folders = {file.parent.name for file in (ROOT / "molecule").glob("*/molecule.yml")}
    assert sorted(SCENARIOS) == sorted(folders)


def test_a_host_is_in_one_lane_and_runs_one_debian() -> None:
    for host in hosts_of(SCENARIOS):
        users = [scenario for scenario in SCENARIOS.values() if host in scenario.hosts]
        assert len({(scenario.lane, scenario.hosts[host]) for scenario in users}) == 1, host


def test_names_that_lead_to_hosts_are_of_the_table() -> None:
    assert set(hosts.SITES) | set(hosts.WEBS) | {hosts.BARE, hosts.HELPER} == set(hosts_of(SCENARIOS))


def test_only_the_hosts_of_the_scenarios_that_run_are_booted() -> None:
    assert hosts_of(["services"]) == {"side": "trixie"}
    assert hosts_of(["upgrade", "certificates"]) == {"side2": "bookworm", "side": "trixie"}


def test_hosts_run_another_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBIAN, "forky")
    assert hosts_of(["sandbox"]) == {"prey1": "forky", "prey2": "forky", "helper": "trixie"}


def test_scenarios_are_named() -> None:
    assert named([]) == list(SCENARIOS)
    assert named(["web", "deploy"]) == ["deploy", "web"]
    with pytest.raises(LabError, match=r"SCENARIO: found wbe, expected some of deploy, release, "):
        named(["web", "wbe"])
