"""What several workers do not suit is named, where it is certain."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.state_in_memory import warnings, with_state_in_memory


@pytest.mark.parametrize(
    ("installed", "found"),
    [
        ({"fastapi", "redis"}, []),
        ({"python-socketio", "fastapi"}, ["python-socketio"]),
        ({"python-socketio", "redis"}, []),
        ({"python-socketio", "kombu"}, []),
        ({"channels", "redis"}, ["channels"]),
        ({"channels", "channels-redis"}, []),
        ({"python-socketio", "channels"}, ["channels", "python-socketio"]),
    ],
)
def test_state_in_memory_is_seen_by_what_is_installed(installed: set[str], found: list[str]) -> None:
    assert with_state_in_memory(installed) == found


def test_a_single_worker_suits_it() -> None:
    assert warnings(["python-socketio"], 1) == []
    assert warnings([], 5) == []
    assert warnings(["python-socketio"], 5) == [
        "python-socketio keeps state of visitors in the memory of a worker, and there are 5: requests of one visitor "
        "reach different ones; write workers: 1, or share the state by a service, such as Redis"
    ]
