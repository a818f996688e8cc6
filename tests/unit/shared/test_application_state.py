"""Shapes of what a host records and reports: they have the keys of the dataclasses and of what modules document."""

from __future__ import annotations

import dataclasses

import pytest
import yaml
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import WatchLimits
from ansible_collections.asgi.deploy.plugins.module_utils._shared import application_state as shapes
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import WatchEntry
from ansible_collections.asgi.deploy.plugins.modules import pause, release_info, restart, status, stop

APPLICATION = yaml.safe_load(status.RETURN)["applications"]["contains"]["NAME"]["contains"]


@pytest.mark.parametrize(
    ("shape", "dataclass"),
    [(shapes.GateRecord, Gate), (WatchEntry, WatchLimits), (shapes.SettingsRecord, ReleaseSettings)],
)
def test_a_record_has_the_fields_of_what_it_records(shape: type, dataclass: type) -> None:
    assert set(shape.__annotations__) == {field.name for field in dataclasses.fields(dataclass)}


@pytest.mark.parametrize(
    ("shape", "documented"),
    [
        pytest.param(shapes.ApplicationStatus, APPLICATION, id="application"),
        pytest.param(shapes.ServiceState, APPLICATION["service"]["contains"], id="service"),
        pytest.param(shapes.MetadataState, APPLICATION["metadata"]["contains"], id="metadata"),
        pytest.param(shapes.HostStatus, yaml.safe_load(status.RETURN)["host"]["contains"], id="host"),
        pytest.param(shapes.StateResult, yaml.safe_load(pause.RETURN), id="pause"),
        pytest.param(shapes.StateResult, yaml.safe_load(stop.RETURN), id="stop"),
        pytest.param(shapes.RestartResult, yaml.safe_load(restart.RETURN), id="restart"),
    ],
)
def test_a_shape_has_the_keys_that_are_documented(shape: type, documented: dict[str, object]) -> None:
    assert set(shape.__annotations__) - {"changed"} == set(documented)


def test_release_info_documents_what_is_live() -> None:
    assert set(shapes.LiveState.__annotations__) <= set(yaml.safe_load(release_info.RETURN))
