"""Shapes of the options of tasks on applications: they have the keys of the argument specs that check them."""

from __future__ import annotations

import dataclasses
from typing import is_typeddict

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.inputs import ReleaseInputs
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import exec, pause, release, rollback, stop
from ansible_collections.asgi.deploy.plugins.module_utils._shared import operation_options, release_options
from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import (
    CLOSING_OPTIONS,
    DESIRED_RELEASE_OPTIONS,
    INDEX_OPTIONS,
    PACKAGE_INDEX_OPTIONS,
    PYTHON_ARCHIVE_OPTIONS,
    RELEASE_OPTIONS,
    REMOVAL_OPTIONS,
    RUN_OPTIONS,
    SOURCE_OPTIONS,
)

SHAPES = {
    name: shape
    for module in (release_options, operation_options)
    for name, shape in vars(module).items()
    if is_typeddict(shape)
}
SPECS: dict[str, OptionSpecs] = {
    "RunOptions": RUN_OPTIONS,
    "SourceEntry": SOURCE_OPTIONS,
    "IndexEntry": INDEX_OPTIONS,
    "PythonArchiveEntry": PYTHON_ARCHIVE_OPTIONS,
    "PackageIndexEntry": PACKAGE_INDEX_OPTIONS,
    "BuildStepsEntry": DESIRED_RELEASE_OPTIONS["steps"]["options"],
    "AdditionsEntry": DESIRED_RELEASE_OPTIONS["tree"]["options"],
    "GateEntry": DESIRED_RELEASE_OPTIONS["gate"]["options"],
    "WatchEntry": DESIRED_RELEASE_OPTIONS["watch"]["options"],
    "ClosingEntry": CLOSING_OPTIONS,
    "ReleaseEntry": DESIRED_RELEASE_OPTIONS,
    "ReleaseOptions": RELEASE_OPTIONS,
    "RemovalOptions": REMOVAL_OPTIONS,
    "PortOptions": release.PORT_OPTIONS,
    "ReleaseTaskOptions": release.OPTIONS,
    "CommandOptions": exec.OPTIONS,
    "PauseOptions": pause.OPTIONS,
    "StopOptions": stop.OPTIONS,
    "RollbackOptions": rollback.OPTIONS,
}


@pytest.mark.parametrize("name", SPECS)
def test_a_shape_has_the_keys_of_its_spec(name: str) -> None:
    assert set(SHAPES[name].__annotations__) == set(SPECS[name])


def test_each_shape_has_a_spec() -> None:
    assert set(SHAPES) == set(SPECS)


def test_inputs_of_a_release_are_options_of_it() -> None:
    assert {field.name for field in dataclasses.fields(ReleaseInputs)} <= set(
        release_options.ReleaseEntry.__annotations__
    )
