"""Shapes of a survey: what is inspected on a host, what it reports, and the result that playbooks read."""

from __future__ import annotations

from typing import NamedTuple, Required, TypedDict, cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import PartsOptions, ToolEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Observation
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.inspections import InspectionOptions


class PlannedInspection(NamedTuple):
    """An inspection of a host, and the plan that it belongs to.

    Attributes:
        of: the role or application that has something to do when this differs.
        role: the role that inspects.
        part: the part of the role.
        kind: of the inspection, as in M(asgi.deploy.look).
        options: of that kind.
        plan: the plan of the role.
    """

    of: str
    role: str
    part: str
    kind: str
    options: InspectionOptions
    plan: AppPlan | dict[str, Json]

    @property
    def app_plan(self) -> AppPlan:
        """Return the plan of the role app; only its inspections have one."""
        return cast(AppPlan, self.plan)

    @property
    def tools(self) -> list[ToolEntry]:
        """Return the environments of programs that must be built."""
        return cast(PartsOptions, self.options).get("venvs", []) if self.kind == "parts" else []


class Inspected(NamedTuple):
    """An inspection, and what the host reports."""

    inspection: PlannedInspection
    observed: Observation


class Findings(Observation, total=False):
    """What a host reports of one part, and what the controller concludes.

    Attributes:
        check_mode: whether nothing may be changed.
        pending: whether the part has something to do.
        port_conflicts: why ports are taken, as messages.
    """

    check_mode: bool
    pending: bool
    port_conflicts: list[str]


class RoleFindings(Findings):
    """The findings of a role, with its plan, which its tasks read."""

    decided: dict[str, Json]


class AppFindings(Findings):
    """The findings of an application, with its plan, which its tasks read."""

    decided: AppPlan


class AppParts(TypedDict, total=False):
    """The findings of an application by part; a neighbour has no release, and not every application a certificate."""

    host: Required[AppFindings]
    release: AppFindings
    certificate: RoleFindings


class SurveyResult(TypedDict):
    """The result of a survey; RETURN of M(asgi.deploy.survey) describes its keys."""

    check_mode: bool
    roles: dict[str, RoleFindings]
    apps: dict[str, AppParts]
    order: list[str]
    roles_before: list[str]
    roles_ahead: list[str]
    roles_after: list[str]
    pending: list[str]
    refusals: list[str]
    problems: list[str]
    missing_packages: list[str]
    later_packages: list[list[str]]
    missing_venvs: list[ToolEntry]
    remarks: list[str]
