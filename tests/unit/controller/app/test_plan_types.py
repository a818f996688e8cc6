"""The plan of an application: what templates read is in it, and what is in it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_type_hints

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import PlannedOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan, WorkUnit

from tests.unit.controller.typed_plans import field_errors, template_errors, unread_fields


def test_plan_has_each_field_that_templates_read() -> None:
    assert field_errors("app", {"plan": AppPlan, "unit": WorkUnit}) == []


def test_each_field_of_the_plan_is_read() -> None:
    assert unread_fields("app", AppPlan, PlannedOptions) == set()


def test_plan_has_the_fields_of_its_type(spec: dict[str, Any], facts: Callable[[str], Any]) -> None:
    plan = app_plan({**spec, "jobs": {"tick": {"command": "x", "schedule": "daily"}}}, facts("13"))
    assert plan.keys() == get_type_hints(AppPlan).keys()
    assert plan["site"].keys() == get_type_hints(AppPlan)["site"].__annotations__.keys()


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("{{ plan.name }}", []),
        ("{{ plan.nmae }}", ["AppPlan has no nmae"]),
        ("{% for item in plan.site.zones %}{{ item.rate }}{{ item.raet }}{% endfor %}", ["LimitPlan has no raet"]),
        ("{{ plan.direct.tls.kye }}", ["DirectTls has no kye"]),
    ],
)
def test_field_that_is_not_there_is_an_error(text: str, errors: list[str]) -> None:
    assert template_errors(text, {"plan": AppPlan}) == errors
