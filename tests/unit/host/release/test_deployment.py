"""Which release a rollback leads to, and what is told."""

from __future__ import annotations

import json
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


def test_choose_where_there_is_none(deployment: Deployment) -> None:
    with pytest.raises(DeployError) as error:
        deployment.choose(None)
    assert str(error.value) == ("shop: no other release served well and is still on this host; those that did: none")
