# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.changes: what a run would change on hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import changes
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.survey_types import SurveyResult


class Changes(TypedDict):
    """What a run would change, as lines of text, and as data by host, by role or application, and by label."""

    lines: list[str]
    hosts: dict[str, dict[str, changes.Rows]]


def changes_of(variables: Mapping[str, Mapping[str, SurveyResult]], hosts: Sequence[str], name: str) -> Changes:
    """Return the changes of hosts.

    Args:
        variables: those of all hosts.
        hosts: the names of the hosts.
        name: the variable that holds the result of a survey.
    """
    surveys: dict[str, SurveyResult] = {host: plain(variables[host][name]) for host in hosts}
    return {
        "lines": [line for host, survey in surveys.items() for line in changes.lines(host, survey)],
        "hosts": {host: changes.data(survey) for host, survey in surveys.items()},
    }


class FilterModule:
    """The filter changes."""

    def filters(self) -> dict[str, Callable[[Mapping[str, Mapping[str, SurveyResult]], Sequence[str], str], Changes]]:
        """Return the filters of this file by name."""
        return {"changes": changes_of}
