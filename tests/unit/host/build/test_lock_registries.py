"""Which index a uv.lock takes each distribution from."""

from __future__ import annotations

from typing import Any

import pytest
import tomllib
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.lock_registries import (
    plain_registries,
    registries,
)

LOCK: dict[str, Any] = tomllib.loads("""
[[package]]
name = "team-core"
version = "1.0"
source = { registry = "https://pypi.team.example.com/simple" }
[[package]]
name = "torch"
version = "2.5+cpu"
source = { registry = "http://torch.example.com/cpu/" }
[[package]]
name = "torch"
version = "2.5"
source = { registry = "https://pypi.example.com/simple" }
[[package]]
name = "lib"
version = "1.0"
source = { git = "ssh://git@git.example.com/lib.git" }
[[package]]
name = "near"
version = "1.0"
source = { registry = "../wheels" }
""")
PROJECT = """
[[tool.uv.index]]
name = "team"
url = "https://pypi.team.example.com/simple/"
explicit = true
[[tool.uv.index]]
url = "http://torch.example.com/cpu"
[[tool.uv.index]]
url = "https://pypi.example.com/simple"
default = true
[[tool.uv.index]]
url = "../wheels"
"""


def test_index_of_each_distribution() -> None:
    """The default of a project is the main index, as is one that no project names."""
    assert registries(LOCK, [{}, tomllib.loads(PROJECT)]) == {
        "team-core==1.0": "https://pypi.team.example.com/simple",
        "torch==2.5+cpu": "http://torch.example.com/cpu/",
    }
    assert registries(LOCK, [{}]) == {}


@pytest.mark.parametrize("lock", [{"package": 3}, {"package": [3, {"name": "x"}, {"name": 1, "source": "x"}]}, {}])
def test_a_lock_of_another_shape_names_no_index(lock: dict[str, Any]) -> None:
    assert registries(lock, [tomllib.loads(PROJECT), {"tool": {"uv": {"index": 3}}}]) == {}


@pytest.mark.parametrize(("line", "plain"), [("torch==2.5+cpu", True), ("torch==2.5+cpu --hash=sha256:0", False)])
def test_a_plain_transport_needs_hashes(line: str, plain: bool) -> None:
    found = registries(LOCK, [tomllib.loads(PROJECT)])
    urls = plain_registries(f"team-core==1.0\n{line}\n", found)
    assert urls == (["http://torch.example.com/cpu/"] if plain else [])
