"""The result of a survey: which roles and applications have something to do on a host, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import shared_domains
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import AnyRole
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import AFTER_APPS, BEFORE_APPS
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import moves, neighbours, pending, port_moves, stopped
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.survey_types import (
    AppParts,
    Findings,
    Inspected,
    RoleFindings,
    SurveyResult,
)


def hand_over_servers(
    results: Sequence[Inspected],
    requested: Sequence[Mapping[str, Json]],
    near: Sequence[Mapping[str, Json]],
    inventory: Sequence[Mapping[str, Json]],
) -> tuple[list[Inspected], list[str]]:
    """Return the inspections and the order of applications, for servers that pass from one application to another.

    Of neighbours only those remain that get a server or give one up. Plans and findings get the former owners.

    Args:
        results: of all inspections.
        requested: the entries that the run is for.
        near: the entries of neighbours.
        inventory: the entries of all applications of the host.
    """
    apps = {
        inspection.of: (inspection.app_plan, observed)
        for inspection, observed in results
        if (inspection.role, inspection.part) == ("app", "host")
    }
    for plan, observed in apps.values():
        if plan["packed"]:
            former = neighbours.former_owners(plan, observed, inventory)
            plan["site"]["former"] = former
            observed["drift"] = list(dict.fromkeys([*observed.get("drift", ()), *neighbours.former_drift(former)]))
    left_out = {
        name
        for name, (plan, observed) in apps.items()
        if plan.get("neighbour") and not neighbours.moves(plan, observed)
    }
    names = [str(app["name"]) for app in shared_domains.in_order([*requested, *near])]
    order = [name for name in neighbours.order_by_servers(names, apps) if name not in left_out]
    return [result for result in results if result.inspection.of not in left_out], order


def keep_stopped(results: Sequence[Inspected], refuse: bool) -> dict[str, str]:
    """Return a text for each application that is stopped, and leave it as it is in its plan and its findings.

    Args:
        results: of all inspections.
        refuse: whether the run refuses to release such an application.
    """
    hosts = {result.inspection.of: result.observed for result in results if result.inspection.part == "host"}
    certificates = {
        result.inspection.of: result.observed for result in results if result.inspection.role == "certificate"
    }
    texts = {}
    for inspection, observed in results:
        if text := stopped.text(inspection.app_plan, observed):
            stopped.leave_proxy(inspection.app_plan, hosts[inspection.of], certificates.get(inspection.of))
            stays = inspection.app_plan.get("port_stays")
            texts[inspection.of] = f"{text}; it {moves.STAYS}" if stays else text
            if refuse:
                observed["refusals"] = [stopped.refusal(observed)]
    return texts


def survey_result(
    results: Sequence[Inspected],
    order: Sequence[str],
    host: str,
    check_mode: bool,
    ports: moves.PortMoves = moves.NOTHING,
    remarks: Sequence[str] = (),
) -> SurveyResult:
    """Return what is pending, by role and application; in check mode everything counts as pending.

    Args:
        results: of all inspections.
        order: the names of applications in the order of a run.
        host: the name of the host.
        check_mode: whether nothing may be changed.
        ports: ports that move in this run.
        remarks: on the system of the host.
    """
    findings = [_findings(result, host, check_mode, ports) for result in results]
    pairs = [(result.inspection, part) for result, part in zip(results, findings, strict=True)]
    # What others install on a host or remove from it decides which ports the firewall opens; a release does not.
    moved = any(part["pending"] for inspection, part in pairs if inspection.kind != "release")
    roles: dict[str, RoleFindings] = {}
    apps: dict[str, dict[str, Findings]] = {}
    for inspection, part in pairs:
        part["pending"] |= moved and inspection.role == "hardening"
        if inspection.of.startswith("role "):
            roles[inspection.role] = cast("RoleFindings", part)
        else:
            apps.setdefault(inspection.of, {})[inspection.part] = part
    missing, later = pending.packages((inspection.role, part) for inspection, part in pairs)
    return {
        "check_mode": check_mode,
        "roles": roles,
        "apps": cast(dict[str, AppParts], apps),
        "order": moves.in_order(order, ports),
        "roles_before": _pending_roles(BEFORE_APPS, roles),
        "roles_ahead": _pending_roles(AFTER_APPS, roles) if ports.ahead else [],
        "roles_after": _pending_roles(AFTER_APPS, roles),
        "pending": list(dict.fromkeys(inspection.of for inspection, part in pairs if part["pending"])),
        "refusals": [f"{inspection.of}: {text}" for inspection, part in pairs for text in part.get("refusals", ())],
        "problems": [f"{inspection.of}: {text}" for inspection, part in pairs for text in pending.problems(part)],
        "missing_packages": missing,
        "later_packages": later,
        "missing_venvs": pending.venvs((inspection.tools, part) for inspection, part in pairs),
        "remarks": list(remarks),
    }


def all_findings(result: SurveyResult) -> list[Findings]:
    """Return the findings of all roles and applications."""
    parts = [cast("dict[str, Findings]", app) for app in result["apps"].values()]
    return [*result["roles"].values(), *(part for app in parts for part in app.values())]


def _findings(result: Inspected, host: str, check_mode: bool, ports: moves.PortMoves) -> Findings:
    """Return what the host reports of one part, with what follows from it.

    Args:
        result: of the inspection.
        host: the name of the host.
        check_mode: whether nothing may be changed.
        ports: ports that move in this run.
    """
    inspection, observed = result
    conflicts = port_moves.conflicts(result, host, ports)
    document = {**observed, "decided": inspection.plan, "check_mode": check_mode, "port_conflicts": conflicts}
    part = cast("Findings", document)
    part["pending"] = check_mode or pending.differs(inspection.kind, part)
    return part


def _pending_roles(roles_of_stage: Sequence[AnyRole], findings: Mapping[str, RoleFindings]) -> list[str]:
    """Return the names of those roles that have something to do."""
    return [role.name for role in roles_of_stage if role.name in findings and findings[role.name].get("pending")]
