"""What the matrix of versions takes for a problem, and that nothing of it is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import PLATFORMS

from tests import ROOT
from tests.matrix.__main__ import CONTROLLERS, DEPRECATION, HOSTS


@pytest.mark.parametrize(
    ("output", "actual"),
    [
        ("PLAY [x] ***\n\n[WARNING]: something else\n", 0),
        ("[DEPRECATION WARNING]: DEFAULT_X option. Reason: none.\nAlternatives: y.\n\nPLAY [x] ***\n", 1),
        ("TASK [x] ***\nok: [web12]\n[DEPRECATION WARNING]: one\n\n[DEPRECATION WARNING]: other", 2),
    ],
)
def test_deprecations_are_seen(output: str, actual: int) -> None:
    assert len(DEPRECATION.findall(output)) == actual


def test_every_system_and_every_lock_is_in_it() -> None:
    assert list(HOSTS) == list(map(str, PLATFORMS))
    assert [release for _host, release in HOSTS.values()] == [platform.codename for platform in PLATFORMS]
    locks = {file.stem.removeprefix("core-") for file in Path(ROOT, "tests", "matrix").glob("core-*.txt")}
    assert locks == set(CONTROLLERS)
    for core in CONTROLLERS:
        lock = Path(ROOT, "tests", "matrix", f"core-{core}.txt").read_text()
        assert f"\nansible-core=={core}." in f"\n{lock}"
