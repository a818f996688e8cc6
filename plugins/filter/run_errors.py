# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.run_errors: all that is wrong in what a single run was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils import runs
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


def run_errors(variables: Mapping[str, Any], apps: Sequence[str], needs: Sequence[str] = ()) -> list[str]:
    # Only what is looked at: others, such as the applications with their secrets, need not be had for it.
    given = {
        str(key): plain(variables[key]) if key in runs.VARIABLES else None
        for key in variables
        if str(key).startswith(runs.OUR_PREFIXES)
    }
    return runs.run_errors(given, plain(list(apps)), plain(list(needs)))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"run_errors": run_errors}
