"""Fixtures of the tests with real servers, and Ansible's loader, which must come before the first import from us."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader

from tests import ROOT

init_plugin_loader([str(ROOT / ".venv" / "collections")])

from tests.runtime.served import Served, serve, until  # noqa: E402

Serve = Callable[..., Served]


@pytest.fixture(scope="module")
def serve_for_all() -> Iterator[Serve]:
    """Start an application; it runs until the last test of the file."""
    with ExitStack() as stack:
        yield starter(stack)


@pytest.fixture
def started() -> Iterator[Serve]:
    """Start an application; it runs until the test is over."""
    with ExitStack() as stack:
        yield starter(stack)


def starter(stack: ExitStack) -> Serve:
    def start(ready: bool = True, **options: Any) -> Served:
        # Not pytest's own folder: the path of a unix socket is short.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="asgi-")))
        served = stack.enter_context(serve(folder, **options))
        if ready:
            until(lambda: answers(served), 60)
        return served

    return start


def answers(served: Served) -> bool:
    """Return whether it answers yet; one that has ended will not."""
    assert served.process.poll() is None, served.log
    try:
        return served.get("/missing", timeout=2).status == 404
    except TimeoutError:
        return False
