"""What the audit trail says of releases and rollbacks."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.deployment import Deployment
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.way_back import choose_rollback
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout


@pytest.fixture
def several(tmp_path: Path) -> Deployment:
    """Return a deployment with three releases that served, the last of which is live."""
    deployment = Deployment(
        Layout("shop", PurePosixPath(tmp_path, "srv"), PurePosixPath(tmp_path, "manifests")), "ops", 0
    )
    for release, live in (("v1", 10.0), ("v0", 30.0), ("v4", 40.0)):
        path = deployment.store.path(release)
        path.mkdir(parents=True)
        (path / "release.json").write_text(json.dumps({"states": {"prepared": 1.0, "live": live}}), encoding="utf-8")
    deployment.store.switch("v4")
    return deployment


def test_choose_goes_further_back_after_a_named_one(several: Deployment) -> None:
    """The record of v1 says that it went live last; what served before it says the trail."""
    for before, to in ((None, "v1"), ("v1", "v0"), ("v0", "v4")):
        with several._audited(before, to):
            several.store.switch(to)
    with several._audited("v4", "v0", {"rollback": True}):
        several.store.switch("v0")
    assert choose_rollback(several.store, None) == "v1"
    with several._audited("v0", "v1", {"rollback": True}):
        several.store.switch("v1")
    with pytest.raises(DeployError, match="shop: no other release served well"):
        choose_rollback(several.store, None)


def test_a_run_that_completes_another_records_what_served_before_that(several: Deployment) -> None:
    with suppress(KeyboardInterrupt), several._audited("v0", None):
        raise KeyboardInterrupt
    for _time in range(2):
        with several._audited("v4", None) as entry:
            entry |= several.store.trail.arrival("v4", "v4")
    first, second, third = several.store.trail.past()
    assert (first["result"], first["from"], first["to"], first["serves"]) == ("ended", "v0", None, "v4")
    assert (second["result"], second["from"], second["to"], second["finishes"]) == ("live", "v0", "v4", first["id"])
    assert (third["from"], third["to"]) == ("v4", "v4"), "a repair"
    assert "finishes" not in third
