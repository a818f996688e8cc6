"""gunicorn's hooks; each reports that it was called, and where."""

from __future__ import annotations

from collections.abc import Callable

from tests.runtime.apps import reports


def _hook(name: str, arity: int) -> Callable[..., None]:
    def report() -> None:
        reports.report(name)

    # gunicorn counts the arguments of a hook.
    taking: dict[int, Callable[..., None]] = {
        1: lambda a: report(),
        2: lambda a, b: report(),
        3: lambda a, b, c: report(),
        4: lambda a, b, c, d: report(),
    }
    return taking[arity]


_ARITIES = {
    "on_starting": 1,
    "on_reload": 1,
    "when_ready": 1,
    "pre_fork": 2,
    "post_fork": 2,
    "post_worker_init": 1,
    "worker_int": 1,
    "worker_abort": 1,
    "pre_exec": 1,
    "pre_request": 2,
    "post_request": 4,
    "child_exit": 2,
    "worker_exit": 2,
    "nworkers_changed": 3,
    "on_exit": 1,
}
globals().update({name: _hook(name, arity) for name, arity in _ARITIES.items()})
