"""Pages of what was measured say what the data next to them says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.states import STATES

from tests import ROOT
from tests.bench.playbook import report as playbook
from tests.bench.servers import __main__ as servers
from tests.bench.serving import report as serving

DOCS = ROOT / "docs"
PAGES: dict[str, tuple[str, Callable[[Path], str]]] = {
    "speed": ("playbook", lambda data: playbook.markdown(json.loads(data.read_text(encoding="utf-8")))),
    "servers": ("servers", lambda _data: servers.page()),
    "serving": ("serving", lambda data: serving.markdown(json.loads(data.read_text(encoding="utf-8")))),
}


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_current(page: str) -> None:
    data, rendered = PAGES[page]
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    assert text == rendered(DOCS / "benchmarks" / f"{data}.json"), "write it again, with --render"


def test_steps_are_shown_in_the_order_of_a_release() -> None:
    assert ("resolved", *STATES) == playbook.STEPS
