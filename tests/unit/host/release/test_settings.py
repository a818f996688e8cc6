"""Settings in a release's record."""

from __future__ import annotations

import json
from dataclasses import replace

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import WatchLimits


def test_settings_come_back_from_a_record() -> None:
    gate = Gate(path="/ready", status=["2xx"], timeout=60, successes=3, host="shop.example.com", workers=5)
    settings = ReleaseSettings(
        gate,
        WatchLimits(5, 10, 5),
        keep=5,
        worker_count=5,
        workers_reason="given",
        sandbox={"outgoing": ["10.0.0.0/8"]},
    )
    record = json.loads(json.dumps({"version": "v1", "settings": settings.to_record()}))
    assert ReleaseSettings.from_record(record) == settings
    assert record["settings"]["gate"]  # the record itself is left as it is
    # A record of before the option existed is not another one.
    assert "exclusive" not in record["settings"]
    one_at_a_time = replace(settings, exclusive=True)
    assert ReleaseSettings.from_record({"settings": one_at_a_time.to_record()}) == one_at_a_time


def test_settings_of_a_record_without_workers() -> None:
    gate = Gate(path="/ready", status=["2xx"], timeout=60, successes=3, host="shop.example.com", workers=5)
    settings = ReleaseSettings(gate, WatchLimits(seconds=5, error_percent=10, errors=5), keep=5).to_record()
    del settings["worker_count"], settings["workers_reason"], settings["sandbox"]
    del settings["plain_transports"], settings["known_hosts"]
    assert ReleaseSettings.from_record({"settings": settings}).worker_count == 0
    assert ReleaseSettings.from_record({"settings": settings}).sandbox == {}
    assert ReleaseSettings.from_record({"settings": settings}).plain_transports == []
