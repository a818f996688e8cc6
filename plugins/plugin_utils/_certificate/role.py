"""The role certificate: one certificate, obtained and renewed, of an application or by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate import files
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate import options as rules
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.plan import certificate_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.plan_types import (
    CertificateOptions,
    CertificatePlan,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext, Role, Stage


def _plan(here: HostContext, arguments: Mapping[str, Json]) -> CertificatePlan:
    """Return the plan of one certificate."""
    options = cast(CertificateOptions, here.options(ROLE, arguments))
    return certificate_plan(options, here.facts, here.http_proxy.file)


ROLE = Role(
    name="certificate",
    prefix="certificate_",
    rules=rules.RULES,
    packages=Stage.FIRST,
    plan=_plan,
    desired_state=files.desired_state,
    inspections=files.inspections,
    conflicts=rules.conflicts,
)
