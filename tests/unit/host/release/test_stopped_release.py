"""What a run does for the release of an application that is stopped."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopped_release import StoppedRelease
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import WatchLimits
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.metadata_rules import Closing
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import checked_observations

GATE = Gate(path="/ready", status=["2xx"], timeout=60, successes=3, host="shop.example.com", workers=5)
SETTINGS = ReleaseSettings(GATE, WatchLimits(5, 10, 5), keep=5)


def stopped(tmp_path: Path, found: str | None, settings: ReleaseSettings = SETTINGS) -> StoppedRelease:
    """Return an application whose live release is v1; `found` is the release that its version leads to."""

    def resolve(_version: str, keep: bool) -> str:
        if found is None:
            raise DeployError("the repository does not answer")
        return found

    layout = Layout("shop", PurePosixPath(tmp_path))
    folder = Path(layout.release("v1"))
    folder.mkdir(parents=True)
    (folder / "release.json").write_text(json.dumps({"settings": SETTINGS.to_record(), "commit": "0a1b"}))
    Path(layout.current).symlink_to("releases/v1")
    Path(layout.stopped).touch()
    source = SimpleNamespace(resolve=resolve)
    builder: Any = SimpleNamespace(inputs=SimpleNamespace(version="v1"), source=source, predict=lambda name: name)
    return StoppedRelease(Store(layout), builder, Closing(by_nft=False), settings)


@pytest.mark.parametrize("actual", ["v1", "v2", None])
def test_what_a_look_finds_is_as_it_is_documented(tmp_path: Path, actual: str | None) -> None:
    """Whatever becomes of its source; nothing is to be done."""
    [look] = checked_observations(["release"], json.loads(json.dumps([stopped(tmp_path, actual).predict()])))
    assert (look["release"], look["before"], look["changed"], look["noted"]) == (actual, "v1", False, True)


def test_the_live_release_is_started_by_the_settings_of_now(tmp_path: Path) -> None:
    release = stopped(tmp_path, "v1", ReleaseSettings(GATE, WatchLimits(0, 10, 5), keep=5))
    assert release.predict()["noted"] is False
    assert release.leave("ada", 1)["changed"] is False
    assert release.predict()["noted"] is True
    assert release.store.record("v1")["settings"]["watch"]["seconds"] == 0
