# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.overview: the status of a fleet, as text and as rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import StatusResult
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.fleet import HostReport, overview

_KEYS = ("applications", "certificates", "host")


class OverviewResult(TypedDict):
    """The overview as lines of text, rows and notes, with the status of each host; None for one without an answer."""

    lines: list[str]
    rows: list[dict[str, str]]
    notes: list[str]
    hosts: dict[str, HostReport | None]


def overview_of(variables: Mapping[str, Mapping[str, StatusResult]], hosts: Sequence[str], name: str) -> OverviewResult:
    """Return the overview of hosts.

    Args:
        variables: those of all hosts.
        hosts: the names of the hosts.
        name: the variable that holds the result of M(asgi.deploy.status).
    """
    reports = {host: _report(plain(variables[host].get(name))) for host in hosts}
    like = {host: str(plain(variables[host]["asgi_like"])) for host in hosts if "asgi_like" in variables[host]}
    fleet = overview(reports, like)
    return {"lines": fleet.lines(), "rows": fleet.rows, "notes": fleet.notes, "hosts": reports}


def _report(result: StatusResult | None) -> HostReport | None:
    """Return the status of a host, if its result holds one."""
    if not result or not set(_KEYS) <= set(result):
        return None
    return {
        "applications": result["applications"],
        "certificates": result["certificates"],
        "host": result["host"],
    }


class FilterModule:
    """The filter overview."""

    def filters(
        self,
    ) -> dict[str, Callable[[Mapping[str, Mapping[str, StatusResult]], Sequence[str], str], OverviewResult]]:
        """Return the filters of this file by name."""
        return {"overview": overview_of}
