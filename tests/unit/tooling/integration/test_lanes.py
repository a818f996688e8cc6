"""Every scenario is run, in one lane, on hosts that no other lane uses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.integration import hosts, lanes
from tests.integration.scenarios import DEBIAN, LANES, SCENARIOS, hosts_of, named, of_lane
from tests.lab import LabError
from tests.project.suite import CHECKS
from tests.project.times import table


def test_every_scenario_has_a_lane() -> None:
    folders = {file.parent.name for file in (ROOT / "molecule").glob("*/molecule.yml")}
    assert sorted(SCENARIOS) == sorted(folders)
    assert sorted(name for lane in LANES for name in of_lane(str(lane))) == sorted(folders)
    assert CHECKS in map(str, LANES)


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
    assert hosts_of(["sandbox"]) == {"prey": "forky", "helper": "trixie"}


def test_scenarios_are_named() -> None:
    assert named([]) == list(SCENARIOS)
    assert named(["web", "deploy"]) == ["deploy", "web"]
    with pytest.raises(LabError, match=r"SCENARIO: found wbe, expected some of deploy, release, "):
        named(["web", "wbe"])


@pytest.mark.parametrize("lane", ["0", "4", "web", "1 2"])
def test_a_lane_that_there_is_not(lane: str) -> None:
    with pytest.raises(LabError, match=f"LANE: found '{lane}', expected one of 1, 2, 3, as in make test LANE=1"):
        of_lane(lane)


def test_steps_of_a_scenario_are_seen() -> None:
    printed = (
        "\x1b[36mINFO    \x1b[0m \x1b[32mweb\x1b[0m ➜ \x1b[33mcheck\x1b[0m: \x1b[36mExecuting\x1b[0m\n"
        "INFO     web ➜ check: Executed: Successful\nINFO     web ➜ verify: Executing\n"
        "INFO     web ➜ verify: Executing Testinfra tests found in web/...\n"
    )
    assert lanes.STEP.findall(lanes.COLOUR.sub("", printed)) == ["check", "verify"]


def test_where_the_time_went() -> None:
    written = (
        '{"part": "web", "runs": 1}\n{"part": "lint", "step": "mypy", "seconds": 20.4}\n{"part": "web", "runs": 1}\n'
        '{"part": "lint", "step": "", "seconds": 21}\n{"part": "web", "step": "", "seconds": 300}\n'
        '{"part": "web", "step": "check", "seconds": 9.7}\n{"part": "web", "step": "verify", "seconds": 290.3}\n'
    )
    assert table(written, 333.3).splitlines() == [
        "",
        "where the time went, in seconds",
        "web              300  verify 290, check 10, 2 runs of a playbook by tests",
        "lint              21  mypy 20",
        "all of it        333",
    ]


def test_what_a_scenario_that_fails_has_printed_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """molecule removes the folder that it was given when a scenario fails."""
    program = tmp_path / "molecule"
    program.write_text('#!/bin/sh\necho "FAILED for a reason"\nrm -r "$MOLECULE_EPHEMERAL_DIRECTORY"\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert lanes.run("web") == "FAILED for a reason"
    assert "=== scenario web FAILED after" in capsys.readouterr().out
