"""Shapes of the desired state: they have the keys of the argument specs that check them."""

from __future__ import annotations

from typing import Required, get_origin, get_type_hints, is_typeddict

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared import desired_state
from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import (
    DESIRED_HARDENING_OPTIONS,
    FILE_OPTIONS,
    HARDENING_OPTIONS,
    HARDENING_PART_OPTIONS,
    INSPECTION_OPTIONS,
    PARTS_OPTIONS,
    TOOL_OPTIONS,
    USER_OPTIONS,
)

SPECS: dict[str, OptionSpecs] = {
    "FileEntry": FILE_OPTIONS,
    "UserEntry": USER_OPTIONS,
    "ToolEntry": TOOL_OPTIONS,
    "HardeningPartEntry": HARDENING_PART_OPTIONS,
    "HardeningEntry": DESIRED_HARDENING_OPTIONS,
    "HardeningOptions": HARDENING_OPTIONS,
    "PartsOptions": PARTS_OPTIONS,
    "ReleaseInspectionOptions": INSPECTION_OPTIONS["release"],
}
# A certificate and a firewall have no argument spec: the role certificate and the role hardening write them.
OTHERS = {"CertificateEntry", "OpeningEntry", "FirewallEntry"}


@pytest.mark.parametrize("name", SPECS)
def test_a_shape_has_the_keys_of_its_spec(name: str) -> None:
    shape = getattr(desired_state, name)
    assert set(shape.__annotations__) == set(SPECS[name])
    required = {key for key, option in SPECS[name].items() if option.get("required")}
    hints = get_type_hints(shape, include_extras=True)
    assert required <= {key for key in hints if shape.__total__ or get_origin(hints[key]) is Required}


def test_every_shape_is_compared() -> None:
    shapes = {
        name
        for name, value in vars(desired_state).items()
        if is_typeddict(value) and value.__module__ == desired_state.__name__ and not name.endswith("Inspection")
    }
    assert shapes == {*SPECS, *OTHERS}


def test_each_kind_of_inspection_has_a_shape() -> None:
    kinds = {f"{kind.title()}Inspection" for kind in INSPECTION_OPTIONS}
    assert kinds == {name for name in vars(desired_state) if name.endswith("Inspection") and name != "Inspection"}
