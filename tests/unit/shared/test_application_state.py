"""Shapes of what a host records: a record has the fields of the dataclass that it stores."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import WatchLimits
from ansible_collections.asgi.deploy.plugins.module_utils._shared import application_state as shapes
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import WatchEntry


@pytest.mark.parametrize(
    ("shape", "dataclass"),
    [(shapes.GateRecord, Gate), (WatchEntry, WatchLimits), (shapes.SettingsRecord, ReleaseSettings)],
)
def test_a_record_has_the_fields_of_what_it_records(shape: type, dataclass: type) -> None:
    assert set(shape.__annotations__) == {field.name for field in dataclasses.fields(dataclass)}
