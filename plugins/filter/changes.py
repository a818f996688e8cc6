# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.changes: what a run would change on hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import changes


def changes_of(variables: Mapping[str, Any], hosts: Sequence[str], name: str) -> dict[str, Any]:
    surveys = {host: plain(variables[host][name]) for host in hosts}
    return {
        "lines": [line for host, survey in surveys.items() for line in changes.lines(host, survey)],
        "hosts": {host: changes.data(survey) for host, survey in surveys.items()},
    }


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"changes": changes_of}
