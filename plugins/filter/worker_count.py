# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.worker_count: how many workers a host's CPUs and memory allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypedDict, cast

from ansible.errors import AnsibleFilterError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import worker_count as workers
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts


class Explained(TypedDict):
    """A number of workers, and why it is that number."""

    count: int
    reason: str


def worker_count(
    facts: Mapping[str, Json],
    workload: str = "io_bound",
    memory_per_worker: int = 256,
    minimum: int = 1,
    maximum: int | None = None,
    explain: bool = False,
    cpu_limit: float | None = None,
    memory_limit: int | None = None,
    connections: int | None = None,
    connections_per_worker: int = 1,
) -> int | Explained:
    """Return how many workers the facts allow, with the reason if `explain` is true.

    Raises:
        AnsibleFilterError: an argument is wrong.
    """
    try:
        result = workers.worker_count(
            cast(Facts, facts),
            workload,
            memory_per_worker,
            minimum,
            maximum,
            cpu_limit,
            memory_limit,
            connections,
            connections_per_worker,
        )
    except ValueError as error:
        raise AnsibleFilterError(f"asgi.deploy.worker_count: {error}") from error
    return {"count": result.count, "reason": result.reason} if explain else result.count


class FilterModule:
    """The filter worker_count."""

    def filters(self) -> dict[str, Callable[..., int | Explained]]:
        """Return the filters of this file by name."""
        return {"worker_count": worker_count}
