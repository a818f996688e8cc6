"""The types of an application's options: each option of the argument spec has one, of its kind."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.entry import app_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import (
    AppOptions,
    JobOptions,
    PathOptions,
    ProcessOptions,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.source_options import (
    PackageIndexOptions,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import role_options

from tests.unit.controller.typed_options import type_errors


def test_each_option_of_an_entry_has_its_type() -> None:
    assert list(type_errors(app_options(), AppOptions)) == []


@pytest.mark.parametrize(
    ("entry_point", "shape"),
    [("path", PathOptions), ("process", ProcessOptions), ("job", JobOptions), ("package_index", PackageIndexOptions)],
)
def test_each_option_of_a_part_has_its_type(entry_point: str, shape: type) -> None:
    assert list(type_errors(role_options("app", entry_point), shape)) == []


def test_new_option_without_a_type_is_an_error() -> None:
    spec = {**app_options(), "colour": {"type": "str"}}
    assert list(type_errors(spec, AppOptions)) == ["colour: has no type in AppOptions"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"type": "str"}, "timeout: found <class 'int'>, expected str"),
        ({"default": None}, "timeout: can not be None in its type, and the spec says otherwise"),
        ({"type": "list", "elements": "int"}, "timeout: found <class 'int'>, expected a list of int"),
        ({"type": "str", "choices": ["a"]}, "timeout: found [], expected ['a']"),
        ({"type": "dict"}, "timeout: found <class 'int'>, expected a dictionary"),
    ],
)
def test_option_of_another_kind_is_an_error(change: dict[str, object], error: str) -> None:
    spec = app_options()
    assert list(type_errors({**spec, "timeout": {**spec["timeout"], **change}}, AppOptions)) == [error]
