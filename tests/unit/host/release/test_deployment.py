"""Which release a rollback leads to, and what is told."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.deployment import Deployment
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(Layout("shop", PurePosixPath(tmp_path)), "ops", 0)


def prepare(deployment: Deployment, release: str, live: float | None = None, failed: str | None = None) -> None:
    states = {"prepared": 1.0, **({} if live is None else {"live": live})}
    path = deployment.store.path(release)
    path.mkdir(parents=True)
    (path / "release.json").write_text(json.dumps({"states": states, "failed": failed}), encoding="utf-8")


@pytest.fixture
def several(deployment: Deployment) -> Deployment:
    """One that served long ago, one that was taken back, one never live, the one before, and the live one."""
    prepare(deployment, "v1", live=10)
    prepare(deployment, "v2", live=20, failed="5 of 5 requests ended with a server error")
    prepare(deployment, "v3")
    prepare(deployment, "v0", live=30)
    prepare(deployment, "v4", live=40)
    deployment.store.switch("v4")
    return deployment


@pytest.mark.parametrize(("to", "chosen"), [(None, "v0"), ("v1", "v1"), ("v0", "v0"), ("v4", "v4")])
def test_choose(several: Deployment, to: str | None, chosen: str) -> None:
    assert several.choose(to) == chosen


@pytest.mark.parametrize("to", ["v2", "v3", "v9", "../v1"])
def test_choose_what_did_not_serve_well(several: Deployment, to: str) -> None:
    with pytest.raises(DeployError) as error:
        several.choose(to)
    assert str(error.value) == (
        f"shop: {to} is not a release that served well and is still on this host; those that did: v1, v0, v4"
    )


def test_choose_goes_further_back_after_a_named_one(several: Deployment) -> None:
    """The record of v1 says that it went live last; what served before it says the trail."""
    for before, to in ((None, "v1"), ("v1", "v0"), ("v0", "v4")):
        with several._audited(before, to):
            several.store.switch(to)
    with several._audited("v4", "v0", rollback=True):
        several.store.switch("v0")
    assert several.choose(None) == "v1"
    with several._audited("v0", "v1", rollback=True):
        several.store.switch("v1")
    with pytest.raises(DeployError, match="shop: no other release served well"):
        several.choose(None)


def test_who_finishes_a_run_that_was_cut_off_tells_what_served_before_it(several: Deployment) -> None:
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


def test_choose_where_there_is_none(deployment: Deployment) -> None:
    with pytest.raises(DeployError) as error:
        deployment.choose(None)
    assert str(error.value) == ("shop: no other release served well and is still on this host; those that did: none")
