"""Distributions that keep the state of visitors in the memory of a worker, where another worker does not find it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

# Each with the distributions by which it can keep that state elsewhere.
_ELSEWHERE: Mapping[str, frozenset[str]] = {
    "channels": frozenset({"channels-redis", "channels-rabbitmq", "channels-valkey", "channels-postgres"}),
    "python-socketio": frozenset({"redis", "valkey", "kombu", "aio-pika", "aiokafka", "kafka-python", "pyzmq"}),
}


def with_state_in_memory(installed: Collection[str]) -> list[str]:
    """Return those distributions that keep state in memory, as nothing is installed by which they could share it.

    >>> with_state_in_memory({"fastapi", "python-socketio"}), with_state_in_memory({"python-socketio", "redis"})
    (['python-socketio'], [])

    Args:
        installed: normalised names.
    """
    return [name for name, others in _ELSEWHERE.items() if name in installed and not others.intersection(installed)]


def warnings(names: Iterable[str], workers: int) -> list[str]:
    """Return a text for each of these distributions; none for a single worker."""
    if workers < 2:
        return []
    return [
        f"{name} keeps state of visitors in the memory of a worker, and there are {workers}: requests of one visitor "
        "reach different ones; write workers: 1, or share the state by a service, such as Redis"
        for name in names
    ]
