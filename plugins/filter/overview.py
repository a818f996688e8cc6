# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.overview: how a fleet is, as text and as rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.fleet import overview

_FOUND = ("applications", "certificates", "host")


def overview_of(variables: Mapping[str, Any], hosts: Sequence[str], name: str) -> dict[str, Any]:
    found = {host: plain(variables[host].get(name)) for host in hosts}
    answers = {
        host: {key: told[key] for key in _FOUND} if told and set(_FOUND) <= set(told) else None
        for host, told in found.items()
    }
    seen = overview(answers)
    return {"lines": seen.lines(), "rows": seen.rows, "notes": seen.notes, "hosts": answers}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"overview": overview_of}
