"""How many workers an application gets: what the user gave, or what host, limits and database allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._app.validators import WORKERS_MAX, is_count
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.worker_count import (
    WorkerCount,
    connections_bound,
    worker_count,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts

# The variable that servers read by themselves where they are started by hand.
VARIABLE = "WORKERS"


def sizing_errors(app: Mapping[str, Any], variables: Mapping[str, object]) -> list[str]:
    """What is wrong with an application's own numbers, whatever the host; each begins with the option's name."""
    if VARIABLE in variables and not is_count(str(variables[VARIABLE])):
        return [_wrong_variable(app)]
    if not app["database"]:
        return []
    connections, per_worker = app["database"]["connections"], app["database"]["per_worker"]
    most = connections_bound(connections, per_worker)
    given, where = _given(app, variables)
    if most >= (given or 1):
        return []
    needed = 2 * (given or 1) * per_worker
    what = f"{given} workers (from {where})" if given else "even one worker"
    return [
        f"database.connections: found {connections}, which is too few for {what}; two releases run side by side at a "
        f"switch, so expected at least {needed}, at {per_worker} for each worker"
    ]


def workers_of(app: Mapping[str, Any], variables: Mapping[str, object], facts: Facts) -> WorkerCount:
    """The number for a host, and why."""
    given, where = _given(app, variables)
    if given:
        return WorkerCount(given, "given" if where == "workers" else f"given by {VARIABLE} in {where}")
    database = app["database"] or {}
    return worker_count(
        facts,
        app["workload"],
        app["memory_per_worker"],
        cpu_limit=app["limits"]["cpu"],
        memory_limit=app["limits"]["memory"],
        connections=database.get("connections"),
        connections_per_worker=database.get("per_worker", 1),
    )


def _given(app: Mapping[str, Any], variables: Mapping[str, object]) -> tuple[int | None, str]:
    """The number that was written down, if there is one, and where."""
    if VARIABLE in variables:
        return int(str(variables[VARIABLE])), "env" if VARIABLE in app["env"] else "env_file"
    return (None, "") if app["workers"] == "auto" else (int(app["workers"]), "workers")


def _wrong_variable(app: Mapping[str, Any]) -> str:
    expected = f"expected a number from 1 to {WORKERS_MAX}, as in {VARIABLE}: 4, or no {VARIABLE} at all"
    if VARIABLE in app["env"]:
        return f"env: {VARIABLE} wins over workers; found {str(app['env'][VARIABLE])!r}, {expected}"
    return f"env_file: {VARIABLE} wins over workers; it is no such number, {expected}"
