"""How many worker processes an application gets, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# Workers per CPU for each kind of work. 2n+1 for work that waits is the rule of gunicorn's own documentation
# ("How Many Workers?"); a process that computes keeps one CPU busy alone, so more of them only take turns.
WORKLOADS: dict[str, tuple[str, Callable[[int], int]]] = {
    "io_bound": ("2 x {cpus} CPUs + 1", lambda cpus: 2 * cpus + 1),
    "cpu_bound": ("{cpus} CPUs", lambda cpus: cpus),
    "mixed": ("1.5 x {cpus} CPUs", lambda cpus: math.ceil(1.5 * cpus)),
}

# The workers' share of the host's memory; the rest is for the kernel, nginx and a second release during a switch.
MEMORY_SHARE = 0.5


@dataclass(frozen=True)
class WorkerCount:
    """A number of workers with the sentence that explains it."""

    count: int
    reason: str


def _whole(name: str, value: Any, least: int) -> int:
    try:
        if isinstance(value, (bool, float)):
            raise ValueError
        number = int(value)
    except (TypeError, ValueError):
        number = least - 1
    if number < least:
        raise ValueError(f"{name}: found {value!r}, expected a whole number of at least {least}, as in {name}={least}")
    return number


def cpus_of(facts: Mapping[str, Any]) -> int:
    """CPUs that this host's processes may use: C(processor_nproc) heeds affinity, C(processor_vcpus) does not."""
    for fact in ("processor_nproc", "processor_vcpus"):
        if facts.get(fact):
            return _whole(fact, facts[fact], 1)
    raise ValueError(
        "facts: found neither processor_nproc nor processor_vcpus; gather them first, "
        "as in gather_subset: [hardware], and pass ansible_facts"
    )


def worker_count(
    facts: Mapping[str, Any],
    workload: str = "io_bound",
    memory_per_worker: int = 256,
    minimum: int = 1,
    maximum: int | None = None,
) -> WorkerCount:
    """The number of workers for a host.

    Args:
        facts: gathered facts; read are ``processor_nproc``, ``processor_vcpus`` and ``memtotal_mb``.
        workload: a key of :data:`WORKLOADS`.
        memory_per_worker: MiB that one worker takes at its peak.
        minimum: never fewer; it wins over the memory bound, and the reason says so.
        maximum: never more; ``None`` for no bound.

    Raises:
        ValueError: an argument is out of range or a fact is missing; names it, what was found and what to write.
    """
    if not isinstance(facts, Mapping):
        raise ValueError(f"facts: found {type(facts).__name__}, expected the dictionary ansible_facts")
    if workload not in WORKLOADS:
        raise ValueError(f"workload: found {workload!r}, expected one of {', '.join(WORKLOADS)}")
    per_worker = _whole("memory_per_worker", memory_per_worker, 1)
    least = _whole("minimum", minimum, 1)
    most = None if maximum is None else _whole("maximum", maximum, 1)
    if most is not None and most < least:
        raise ValueError(f"maximum: found {most}, expected at least the minimum, {least}")
    if not facts.get("memtotal_mb"):
        raise ValueError("facts: found no memtotal_mb; gather it first, as in gather_subset: [hardware]")

    cpus = cpus_of(facts)
    text, rule = WORKLOADS[workload]
    count, reason = rule(cpus), f"{workload}: {text.format(cpus=cpus)}"

    memory = _whole("memtotal_mb", facts["memtotal_mb"], 1)
    fitting = int(memory * MEMORY_SHARE) // per_worker
    if fitting < count:
        count = fitting
        reason += f"; {fitting} fit in {MEMORY_SHARE:.0%} of {memory} MiB at {per_worker} MiB each"
    if most is not None and most < count:
        count, reason = most, f"{reason}; at most {most}"
    if count < least:
        count, reason = least, f"{reason}; at least {least}"
    return WorkerCount(count, reason)
