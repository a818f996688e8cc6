"""The number of workers of an application, from its own numbers and the host's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sizing import sizing_errors, workers_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.worker_count import WorkerCount

Facts = Callable[[str], Any]


def app(**changes: Any) -> Any:
    limits = {"cpu": None, "memory": None}
    return {
        "workers": "auto",
        "workload": "io_bound",
        "memory_per_worker": 256,
        "limits": limits,
        "database": None,
        "env": {},
    } | changes


def database(connections: int, per_worker: int) -> dict[str, Any]:
    return {"connections": connections, "per_worker": per_worker}


@pytest.mark.parametrize(
    ("options", "variables", "count", "reason"),
    [
        pytest.param({}, {}, 5, "io_bound: 2 x 2 CPUs + 1", id="only the host"),
        pytest.param({"workers": "3"}, {}, 3, "given", id="given"),
        pytest.param(
            {"workers": "3", "env": {"WORKERS": 4}}, {"WORKERS": 4}, 4, "given by WORKERS in env", id="environment wins"
        ),
        pytest.param({}, {"WORKERS": "4"}, 4, "given by WORKERS in env_file", id="environment file"),
        pytest.param(
            {"limits": {"cpu": 1.0, "memory": None}},
            {},
            3,
            "io_bound: 2 x 1 CPUs + 1 (limited to 1 of 2)",
            id="CPU limit",
        ),
        pytest.param(
            {"limits": {"cpu": None, "memory": 600}},
            {},
            2,
            "io_bound: 2 x 2 CPUs + 1; 2 fit in the limit of 600 MiB at 256 MiB each",
            id="memory limit",
        ),
        pytest.param(
            {"database": database(40, 10)},
            {},
            2,
            "io_bound: 2 x 2 CPUs + 1; 2 twice in 40 connections at 10 each",
            id="database",
        ),
    ],
)
def test_number_of_workers_follows_entry_and_host(
    facts: Facts, options: dict[str, Any], variables: dict[str, Any], count: int, reason: str
) -> None:
    assert workers_of(app(**options), variables, facts("13")) == WorkerCount(count, reason)


TOO_FEW = "two releases run side by side at a switch, so expected at least"


@pytest.mark.parametrize(
    ("options", "variables", "errors"),
    [
        pytest.param({}, {}, [], id="nothing said"),
        pytest.param({"database": database(20, 10)}, {}, [], id="one worker"),
        pytest.param(
            {"database": database(19, 10)},
            {},
            [
                f"database.connections: found 19, which is too few for even one worker; {TOO_FEW} 20, "
                "at 10 for each worker"
            ],
            id="not even one",
        ),
        pytest.param({"database": database(40, 5), "workers": "4"}, {}, [], id="as many as given"),
        pytest.param(
            {"database": database(39, 5), "workers": "4"},
            {},
            [
                f"database.connections: found 39, which is too few for 4 workers (from workers); {TOO_FEW} 40, "
                "at 5 for each worker"
            ],
            id="fewer than given",
        ),
        pytest.param(
            {"database": database(39, 5)},
            {"WORKERS": "4"},
            [
                f"database.connections: found 39, which is too few for 4 workers (from env_file); {TOO_FEW} 40, "
                "at 5 for each worker"
            ],
            id="fewer than the environment says",
        ),
        *(
            pytest.param(
                {"env": {"WORKERS": wrong}},
                {"WORKERS": wrong},
                [
                    f"env: WORKERS wins over workers; found {str(wrong)!r}, expected a number from 1 to 1024, "
                    "as in WORKERS: 4, or no WORKERS at all"
                ],
                id=f"wrong: {wrong!r}",
            )
            for wrong in ("auto", "", "0", 0, -1, 1025, "4.5", 2.0, True, "²")
        ),
        pytest.param(
            {},
            {"WORKERS": "secret"},
            [
                "env_file: WORKERS wins over workers; found no number there, expected a number from 1 to 1024, "
                "as in WORKERS: 4, or no WORKERS at all"
            ],
            id="wrong in the file",
        ),
    ],
)
def test_numbers_that_cannot_be_are_errors(
    options: dict[str, Any], variables: dict[str, Any], errors: list[str]
) -> None:
    assert sizing_errors(app(**options), variables) == errors
