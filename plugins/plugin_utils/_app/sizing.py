"""How many workers an application gets: its own number, or what host, limits and database allow."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.source_options import EnvironmentValue
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.validators import WORKERS_MAX, is_count
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.worker_count import (
    WorkerCount,
    connections_bound,
    worker_count,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts

# The variable that servers read by themselves where they are started by hand.
VARIABLE = "WORKERS"


def sizing_errors(app: AppOptions, variables: Mapping[str, EnvironmentValue]) -> list[str]:
    """Return what is wrong with an application's own numbers, on any host; each begins with the option's name."""
    if VARIABLE in variables and not is_count(str(variables[VARIABLE])):
        return [_variable_error(app)]
    if not app["database"]:
        return []
    connections, per_worker = app["database"]["connections"], app["database"]["per_worker"]
    most = connections_bound(connections, per_worker)
    number, where = _own_number(app, variables)
    if most >= (number or 1):
        return []
    needed = 2 * (number or 1) * per_worker
    workers = f"{number} workers (from {where})" if number else "even one worker"
    return [
        f"database.connections: found {connections}, which is too few for {workers}; two releases run side by side at "
        f"a switch, so expected at least {needed}, at {per_worker} for each worker"
    ]


def workers_of(app: AppOptions, variables: Mapping[str, EnvironmentValue], facts: Facts) -> WorkerCount:
    """Return the number for a host, and its reason."""
    number, where = _own_number(app, variables)
    if number:
        return WorkerCount(number, "given" if where == "workers" else f"given by {VARIABLE} in {where}")
    database = app["database"]
    return worker_count(
        facts,
        app["workload"],
        app["memory_per_worker"],
        cpu_limit=app["limits"]["cpu"],
        memory_limit=app["limits"]["memory"],
        connections=database["connections"] if database else None,
        connections_per_worker=database["per_worker"] if database else 1,
    )


def _own_number(app: AppOptions, variables: Mapping[str, EnvironmentValue]) -> tuple[int | None, str]:
    """Return the number that the user wrote, if any, and the option with it."""
    if VARIABLE in variables:
        return int(str(variables[VARIABLE])), "env" if VARIABLE in app["env"] else "env_file"
    return (None, "") if app["workers"] == "auto" else (int(app["workers"]), "workers")


def _variable_error(app: AppOptions) -> str:
    """Return the error of a variable that is no number of workers."""
    expected = f"expected a number from 1 to {WORKERS_MAX}, as in {VARIABLE}: 4, or no {VARIABLE} at all"
    if VARIABLE in app["env"]:
        return f"env: {VARIABLE} wins over workers; found {str(app['env'][VARIABLE])!r}, {expected}"
    return f"env_file: {VARIABLE} wins over workers; found no number there, {expected}"
