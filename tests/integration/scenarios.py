"""The scenarios of molecule: for each its lane, and its hosts with the Debian that each of them runs.

Lanes run side by side, and the scenarios of a lane one after the other, so a host belongs to one lane. `make matrix
SCENARIOS=…` runs a scenario on each supported Debian; here is the one that `make test` runs it on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.lab import LabError
from tests.lab.sources import RELEASES


@dataclass(frozen=True)
class Scenario:
    """A scenario: its lane, and the Debian of each host that it uses."""

    lane: int
    hosts: Mapping[str, str]


BOOKWORM, TRIXIE, _ = RELEASES
SCENARIOS = {
    "deploy": Scenario(1, {"web1": TRIXIE, "web2": BOOKWORM, "bare": TRIXIE}),
    "release": Scenario(1, {"web1": TRIXIE}),
    "processes": Scenario(1, {"web1": TRIXIE}),
    "files": Scenario(1, {"web1": TRIXIE}),
    "servers": Scenario(2, {"apps": TRIXIE}),
    "sources": Scenario(2, {"apps": TRIXIE, "helper": TRIXIE, "paths": BOOKWORM}),
    "web": Scenario(2, {"apps": TRIXIE, "helper": TRIXIE, "paths": BOOKWORM}),
    "paths": Scenario(2, {"paths": BOOKWORM, "helper": TRIXIE}),
    "sandbox": Scenario(2, {"prey": TRIXIE, "helper": TRIXIE}),
    "docs": Scenario(1, {"reader": TRIXIE, "moved": BOOKWORM}),
    "upgrade": Scenario(3, {"side2": BOOKWORM}),
    "services": Scenario(3, {"side": TRIXIE}),
    "certificates": Scenario(3, {"side": TRIXIE, "side2": BOOKWORM}),
    "direct": Scenario(3, {"direct": BOOKWORM}),
    "hardening": Scenario(3, {"side": TRIXIE, "direct": BOOKWORM}),
}
LANES = sorted({scenario.lane for scenario in SCENARIOS.values()})
# Nothing is deployed to these: one is inspected while it is bare, one visits the others and serves git.
NOT_DEPLOYED_TO = {"bare", "helper"}
DEBIAN = "ASGI_TEST_DEBIAN"  # what hosts run instead, for `make matrix SCENARIOS=…`


def named(names: Iterable[str]) -> list[str]:
    """Return the scenarios that are named in the order of the table, or all if none is; raise LabError for others."""
    if unknown := set(names) - set(SCENARIOS):
        raise LabError(f"SCENARIO: found {', '.join(sorted(unknown))}, expected some of {', '.join(SCENARIOS)}")
    return [name for name in SCENARIOS if not names or name in names]


def of_lane(lane: str) -> list[str]:
    """Return the scenarios of a lane, or all if it is empty; raise LabError if there is no such lane."""
    known = [str(number) for number in LANES]
    if lane and lane not in known:
        raise LabError(f"LANE: found {lane!r}, expected one of {', '.join(known)}, as in make test LANE={known[0]}")
    return [name for name, scenario in SCENARIOS.items() if not lane or str(scenario.lane) == lane]


def hosts_of(scenarios: Iterable[str]) -> dict[str, str]:
    """Return the hosts of these scenarios, each with its Debian."""
    other = os.environ.get(DEBIAN)
    result = {host: debian for name in scenarios for host, debian in SCENARIOS[name].hosts.items()}
    return {host: debian if host in NOT_DEPLOYED_TO else other or debian for host, debian in result.items()}
