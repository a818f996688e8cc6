"""The number of workers, and the sentence that gives its reason."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.worker_count import WorkerCount, cpus_of, worker_count

LARGE = 1_048_576


def host(cpus: Any = 2, memory: Any = LARGE) -> Any:
    return {"processor_nproc": cpus, "memtotal_mb": memory}


@pytest.mark.parametrize(
    ("workload", "cpus", "count", "reason"),
    [
        ("io_bound", 1, 3, "io_bound: 2 x 1 CPUs + 1"),
        ("io_bound", 2, 5, "io_bound: 2 x 2 CPUs + 1"),
        ("io_bound", 64, 129, "io_bound: 2 x 64 CPUs + 1"),
        ("cpu_bound", 1, 1, "cpu_bound: 1 CPUs"),
        ("cpu_bound", 64, 64, "cpu_bound: 64 CPUs"),
        ("mixed", 1, 2, "mixed: 1.5 x 1 CPUs"),
        ("mixed", 2, 3, "mixed: 1.5 x 2 CPUs"),
        ("mixed", 3, 5, "mixed: 1.5 x 3 CPUs"),
    ],
)
def test_workload_and_cpus_decide(workload: str, cpus: int, count: int, reason: str) -> None:
    assert worker_count(host(cpus), workload) == WorkerCount(count, reason)


@pytest.mark.parametrize(
    ("memory", "count", "more"),
    [
        pytest.param(2560, 5, "", id="just enough"),
        pytest.param(2559, 4, "; 4 fit in 50% of 2559 MiB at 256 MiB each", id="one MiB short"),
        pytest.param(512, 1, "; 1 fit in 50% of 512 MiB at 256 MiB each", id="one fits"),
        pytest.param(511, 1, "; 0 fit in 50% of 511 MiB at 256 MiB each; at least 1", id="none fits"),
    ],
)
def test_memory_bounds_the_number(memory: int, count: int, more: str) -> None:
    assert worker_count(host(2, memory)) == WorkerCount(count, f"io_bound: 2 x 2 CPUs + 1{more}")


@pytest.mark.parametrize(
    ("memory", "minimum", "maximum", "count", "more"),
    [
        pytest.param(LARGE, 5, 5, 5, "", id="bounds that change nothing"),
        pytest.param(LARGE, 1, 4, 4, "; at most 4", id="maximum"),
        pytest.param(LARGE, 6, None, 6, "; at least 6", id="minimum"),
        pytest.param(1024, 3, 4, 3, "; 2 fit in 50% of 1024 MiB at 256 MiB each; at least 3", id="minimum over memory"),
        pytest.param(1024, 1, 3, 2, "; 2 fit in 50% of 1024 MiB at 256 MiB each", id="memory below maximum"),
        pytest.param(1024, 1, 1, 1, "; 2 fit in 50% of 1024 MiB at 256 MiB each; at most 1", id="maximum below memory"),
    ],
)
def test_minimum_and_maximum_bound_the_number(
    memory: int, minimum: int, maximum: int | None, count: int, more: str
) -> None:
    actual = worker_count(host(2, memory), minimum=minimum, maximum=maximum)
    assert actual == WorkerCount(count, f"io_bound: 2 x 2 CPUs + 1{more}")


@pytest.mark.parametrize(
    ("cpus", "limit", "workload", "count", "text"),
    [
        pytest.param(8, 1.5, "io_bound", 5, "io_bound: 2 x 2 CPUs + 1 (limited to 1.5 of 8)", id="a fraction"),
        pytest.param(8, "2", "io_bound", 5, "io_bound: 2 x 2 CPUs + 1 (limited to 2 of 8)", id="a number as text"),
        pytest.param(8, 0.1, "cpu_bound", 1, "cpu_bound: 1 CPUs (limited to 0.1 of 8)", id="less than one"),
        pytest.param(8, 7.01, "cpu_bound", 8, "cpu_bound: 8 CPUs", id="the next whole CPU is the last"),
        pytest.param(2, 16, "mixed", 3, "mixed: 1.5 x 2 CPUs", id="more than there are"),
    ],
)
def test_limit_of_cpus_bounds_the_number(cpus: int, limit: Any, workload: str, count: int, text: str) -> None:
    assert worker_count(host(cpus), workload, cpu_limit=limit) == WorkerCount(count, text)


@pytest.mark.parametrize(
    ("memory", "limit", "count", "more"),
    [
        pytest.param(LARGE, 1280, 5, "", id="just enough"),
        pytest.param(LARGE, 1279, 4, "; 4 fit in the limit of 1279 MiB at 256 MiB each", id="all of the limit counts"),
        pytest.param(2048, 1024, 4, "; 4 fit in 50% of 2048 MiB at 256 MiB each", id="as much as half of the host's"),
        pytest.param(2048, 4096, 4, "; 4 fit in 50% of 2048 MiB at 256 MiB each", id="more than the host's share"),
        pytest.param(LARGE, 100, 1, "; 0 fit in the limit of 100 MiB at 256 MiB each; at least 1", id="none fits"),
    ],
)
def test_limit_of_memory_bounds_the_number(memory: int, limit: int, count: int, more: str) -> None:
    assert worker_count(host(2, memory), memory_limit=limit) == WorkerCount(count, f"io_bound: 2 x 2 CPUs + 1{more}")


@pytest.mark.parametrize(
    ("connections", "each", "count", "more"),
    [
        pytest.param(100, 10, 5, "", id="just enough"),
        pytest.param(99, 10, 4, "; 4 twice in 99 connections at 10 each", id="one short"),
        pytest.param(2, 1, 1, "; 1 twice in 2 connections at 1 each", id="one worker"),
    ],
)
def test_connections_of_the_database_bound_the_number(connections: int, each: int, count: int, more: str) -> None:
    actual = worker_count(host(), connections=connections, connections_per_worker=each)
    assert actual == WorkerCount(count, f"io_bound: 2 x 2 CPUs + 1{more}")


def test_all_bounds_are_in_the_reason() -> None:
    actual = worker_count(host(8, 8192), cpu_limit=4, memory_limit=2000, connections=100, connections_per_worker=10)
    assert actual == WorkerCount(
        5,
        "io_bound: 2 x 4 CPUs + 1 (limited to 4 of 8); 7 fit in the limit of 2000 MiB at 256 MiB each; "
        "5 twice in 100 connections at 10 each",
    )


@pytest.mark.parametrize(
    ("facts", "cpus"),
    [
        pytest.param({"processor_nproc": 2, "processor_vcpus": 8}, 2, id="affinity is heeded"),
        pytest.param({"processor_vcpus": 8}, 8, id="no nproc"),
        pytest.param({"processor_nproc": 0, "processor_vcpus": 8}, 8, id="nproc of nothing"),
        pytest.param({"processor_nproc": "4"}, 4, id="a number as text"),
    ],
)
def test_cpus_respect_affinity(facts: Any, cpus: int) -> None:
    assert cpus_of(facts) == cpus


@pytest.mark.parametrize(
    ("facts", "options", "text"),
    [
        pytest.param(
            "web1", {}, "facts: found str, expected the dictionary ansible_facts", id="facts are no dictionary"
        ),
        pytest.param(
            host(),
            {"workload": "web"},
            "workload: found 'web', expected one of io_bound, cpu_bound, mixed",
            id="workload",
        ),
        pytest.param(
            host(),
            {"memory_per_worker": 0},
            "memory_per_worker: found 0, expected a whole number of at least 1, as in memory_per_worker=1",
            id="no memory",
        ),
        pytest.param(
            host(),
            {"memory_per_worker": "256M"},
            "memory_per_worker: found '256M', expected a whole number of at least 1, as in memory_per_worker=1",
            id="memory with a unit",
        ),
        pytest.param(
            host(),
            {"minimum": 0},
            "minimum: found 0, expected a whole number of at least 1, as in minimum=1",
            id="minimum of nothing",
        ),
        pytest.param(
            host(),
            {"minimum": True},
            "minimum: found True, expected a whole number of at least 1, as in minimum=1",
            id="minimum is no number",
        ),
        pytest.param(
            host(),
            {"maximum": 2.5},
            "maximum: found 2.5, expected a whole number of at least 1, as in maximum=1",
            id="maximum is no whole number",
        ),
        pytest.param(
            host(),
            {"minimum": 3, "maximum": 2},
            "maximum: found 2, expected at least the minimum, 3",
            id="maximum below minimum",
        ),
        *(
            pytest.param(
                host(),
                {"cpu_limit": wrong},
                f"cpu_limit: found {wrong!r}, expected a number above 0, as in cpu_limit=1.5",
                id=f"CPU limit of {wrong!r}",
            )
            for wrong in (0, -1, "many", True, float("inf"), float("nan"))
        ),
        pytest.param(
            host(),
            {"memory_limit": 0},
            "memory_limit: found 0, expected a whole number of at least 1, as in memory_limit=1",
            id="memory limit of nothing",
        ),
        pytest.param(
            host(),
            {"connections": 19, "connections_per_worker": 10},
            "connections: found 19, expected at least 20: 1 workers of two releases at 10 each",
            id="too few connections for one worker",
        ),
        pytest.param(
            host(),
            {"connections": 40, "connections_per_worker": 10, "minimum": 3},
            "connections: found 40, expected at least 60: 3 workers of two releases at 10 each",
            id="too few connections for the minimum",
        ),
        pytest.param(
            host(),
            {"connections": 40, "connections_per_worker": 0},
            "connections_per_worker: found 0, expected a whole number of at least 1, as in connections_per_worker=1",
            id="workers without connections",
        ),
        pytest.param(
            {"processor_nproc": 2},
            {},
            "facts: found no memtotal_mb; gather it first, as in gather_subset: [hardware]",
            id="memory was not gathered",
        ),
        pytest.param(
            {"memtotal_mb": 1024},
            {},
            "facts: found neither processor_nproc nor processor_vcpus; gather them first, "
            "as in gather_subset: [hardware], and pass ansible_facts",
            id="CPUs were not gathered",
        ),
        pytest.param(
            host(cpus="two"),
            {},
            "processor_nproc: found 'two', expected a whole number of at least 1, as in processor_nproc=1",
            id="CPUs are no number",
        ),
    ],
)
def test_wrong_argument_is_an_error(facts: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError) as error:
        worker_count(facts, **options)
    assert str(error.value) == text
