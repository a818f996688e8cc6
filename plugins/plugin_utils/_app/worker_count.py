"""How many worker processes an application gets, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts

# Workers per CPU for each kind of work. 2n+1 for work that waits is the rule of gunicorn's own documentation
# ("How Many Workers?"); a process that computes keeps one CPU busy by itself, so more of them only take turns.
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


def _whole(name: str, value: Json, least: int) -> int:
    """Return a whole number; raise ValueError, which names it, if it is none or too small."""
    try:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError
        number = int(value)
    except ValueError:
        number = least - 1
    if number < least:
        raise ValueError(f"{name}: found {value!r}, expected a whole number of at least {least}, as in {name}={least}")
    return number


def _cpus_within(limit: float) -> int:
    """Return the whole CPUs that a limit stands for; of the last one it may be a part."""
    try:
        number = 0.0 if isinstance(limit, bool) else float(limit)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < math.inf:
        raise ValueError(f"cpu_limit: found {limit!r}, expected a number above 0, as in cpu_limit=1.5")
    return math.ceil(number)


def cpus_of(facts: Facts) -> int:
    """Return how many CPUs processes of the host may use.

    C(processor_nproc) respects affinity, C(processor_vcpus) does not.

    Raises:
        ValueError: neither is known, or it is no number.
    """
    if number := facts.get("processor_nproc"):
        return _whole("processor_nproc", number, 1)
    if number := facts.get("processor_vcpus"):
        return _whole("processor_vcpus", number, 1)
    raise ValueError(
        "facts: found neither processor_nproc nor processor_vcpus; gather them first, "
        "as in gather_subset: [hardware], and pass ansible_facts"
    )


def connections_bound(connections: int, per_worker: int) -> int:
    """Return how many workers a database has room for, each twice: at a switch two releases run side by side."""
    return _whole("connections", connections, 1) // (2 * _whole("connections_per_worker", per_worker, 1))


def worker_count(
    facts: Facts,
    workload: str = "io_bound",
    memory_per_worker: int = 256,
    minimum: int = 1,
    maximum: int | None = None,
    cpu_limit: float | None = None,
    memory_limit: int | None = None,
    connections: int | None = None,
    connections_per_worker: int = 1,
) -> WorkerCount:
    """Return the number of workers for a host, and its reason.

    Args:
        facts: gathered facts; read are ``processor_nproc``, ``processor_vcpus`` and ``memtotal_mb``.
        workload: a key of :data:`WORKLOADS`.
        memory_per_worker: MiB that one worker takes at its peak.
        minimum: never fewer; it wins over the memory bound, and the reason says so.
        maximum: never more; ``None`` for no bound.
        cpu_limit: CPUs that the service may use; a fraction counts as the next whole one.
        memory_limit: MiB that the service may use.
        connections: what the database grants the application on this host.
        connections_per_worker: the most that one worker opens.

    Raises:
        ValueError: the database has no room for even one worker, or an argument is out of range, or a fact
            is missing; names it, what was found and what to write.
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
    if cpu_limit is not None and (allowed := _cpus_within(cpu_limit)) < cpus:
        cpus, text = allowed, f"{text} (limited to {float(cpu_limit):g} of {cpus})"
    count, reason = rule(cpus), f"{workload}: {text.format(cpus=cpus)}"

    memory = _whole("memtotal_mb", facts["memtotal_mb"], 1)
    room, where = int(memory * MEMORY_SHARE), f"{MEMORY_SHARE:.0%} of {memory} MiB"
    if memory_limit is not None and (limit := _whole("memory_limit", memory_limit, 1)) < room:
        room, where = limit, f"the limit of {limit} MiB"
    if (fitting := room // per_worker) < count:
        count, reason = fitting, f"{reason}; {fitting} fit in {where} at {per_worker} MiB each"
    if connections is not None and (pools := connections_bound(connections, connections_per_worker)) < count:
        count = pools
        reason += f"; {pools} twice in {connections} connections at {connections_per_worker} each"
    if most is not None and most < count:
        count, reason = most, f"{reason}; at most {most}"
    if count < least:
        count, reason = least, f"{reason}; at least {least}"
    if connections is not None and connections_bound(connections, connections_per_worker) < count:
        raise ValueError(
            f"connections: found {connections}, expected at least {2 * count * int(connections_per_worker)}: "
            f"{count} workers of two releases at {connections_per_worker} each"
        )
    return WorkerCount(count, reason)
