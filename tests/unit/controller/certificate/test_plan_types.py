"""The types of the role certificate: its options, and the plan that its templates read."""

from __future__ import annotations

from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.plan_types import (
    CertificateOptions,
    CertificatePlan,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import role_options

from tests.unit.controller.typed_options import type_errors
from tests.unit.controller.typed_plans import field_errors, unread_fields


def test_each_option_has_its_type() -> None:
    options = {name.removeprefix("certificate_"): option for name, option in role_options("certificate").items()}
    assert list(type_errors(options, CertificateOptions)) == []


def test_plan_has_each_field_that_templates_read() -> None:
    assert field_errors("certificate", {"plan": CertificatePlan}) == []


def test_each_field_of_the_plan_is_read() -> None:
    assert unread_fields("certificate", CertificatePlan, CertificateOptions) == set()
