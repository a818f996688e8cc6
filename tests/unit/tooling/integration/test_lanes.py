"""Every scenario is run, in one lane."""

from __future__ import annotations

from tests import ROOT
from tests.integration.lanes import SCENARIOS


def test_every_scenario_has_a_lane() -> None:
    folders = {file.parent.name for file in (ROOT / "molecule").glob("*/molecule.yml")}
    assert sorted(SCENARIOS) == sorted(folders)
