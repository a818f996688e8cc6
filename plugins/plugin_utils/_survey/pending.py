"""What is pending on a host, from what its inspections report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import ToolEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Observation
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import PLATFORMS
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import Stage
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import BY_NAME, ROLES
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.survey_types import Findings

_DIFFERENCES = (
    *(
        "missing_packages",
        "drift",
        "inactive_units",
        "missing_users",
        "altered_users",
        "present_users",
        "outdated_venvs",
    ),
    *("missing_archives", "pending_certificates", "lineages", "unmet_needs", "port_conflicts"),
)
_PROBLEMS: tuple[Literal["unmet_needs", "refusals", "port_conflicts"], ...] = (
    "unmet_needs",
    "refusals",
    "port_conflicts",
)

_FIRST = frozenset[str]().union(*(platform.packages.first for platform in PLATFORMS))


def differs(kind: str, findings: Findings) -> bool:
    """Return whether anything on the host is not as desired, or could not be inspected.

    Args:
        kind: of the inspection, as in M(asgi.deploy.look).
        findings: what the host reports, with conflicts of ports.
    """
    if "failed" in findings:
        return True
    if kind in ("release", "removal"):
        # A live release that may be unwell is inspected again by the task that can say more about it.
        pending = findings["changed"] or findings.get("refusals") or findings.get("health")
        return bool(pending) or not findings.get("noted", True)
    if kind == "hardening":
        return bool(findings["parts"] or findings["refusals"] or findings["reboot_required"])
    return any(findings.get(key) for key in _DIFFERENCES)


def refuses(findings: Findings) -> bool:
    """Return whether the task that acts on this would refuse, before anything is changed."""
    return "failed" not in findings and bool(problems(findings))


def problems(findings: Findings) -> list[str]:
    """Return why nothing can be done about the findings, or why there are none."""
    texts = [text for key in _PROBLEMS for text in findings.get(key, ())]
    return [*texts, *([findings["failed"]] if "failed" in findings else [])]


def packages(pairs: Iterable[tuple[str, Findings]]) -> tuple[list[str], list[list[str]]]:
    """Return all missing packages: those to begin with, and groups of others in the order in which they are needed.

    There are none if anything refuses.

    Args:
        pairs: the role of each inspection, and its findings.
    """
    known = list(pairs)
    if any(refuses(findings) for _role, findings in known):
        return [], []
    missing = [(role, name) for role, findings in known for name in findings.get("missing_packages", ())]
    stages = [[role.name for role in ROLES if role.packages is stage] for stage in sorted(Stage)]
    groups = [{name for role, name in missing if role in roles or name in _FIRST} for roles in stages]
    groups = [group.difference(*groups[:number]) for number, group in enumerate(groups)]
    return sorted(groups[0]), [sorted(group) for group in groups[1:] if group]


def venvs(pairs: Iterable[tuple[Collection[ToolEntry], Findings]]) -> list[ToolEntry]:
    """Return the environments of programs to build, except those whose wheels are shipped to the host later.

    There are none if anything refuses.

    Args:
        pairs: the environments that each inspection requests, and its findings.
    """
    known = list(pairs)
    if any(refuses(findings) for _tools, findings in known):
        return []
    outdated = {path for _tools, findings in known for path in findings.get("outdated_venvs", ())}
    requested = [venv for tools, _findings in known for venv in tools if venv["path"] in outdated]
    shipped = {venv["path"] for venv in requested if venv.get("wheelhouse")}
    return list({venv["path"]: venv for venv in requested if venv["path"] not in shipped}.values())


def take(names: Collection[str], built: Iterable[ToolEntry], observations: Iterable[Observation]) -> None:
    """Remove from findings what is installed for all roles before they act.

    Args:
        names: of packages, those that are installed later included.
        built: environments, as :func:`venvs` returns them.
        observations: the findings of each inspection.
    """
    paths = [venv["path"] for venv in built]
    for observed in observations:
        if "missing_packages" in observed:
            observed["missing_packages"] = [name for name in observed["missing_packages"] if name not in names]
        if "outdated_venvs" in observed:
            observed["outdated_venvs"] = [path for path in observed["outdated_venvs"] if path not in paths]


def port_conflicts(role: str, of: str, host: str, owners: Mapping[str, str]) -> list[str]:
    """Return why ports that a role needs are taken, a text for each port.

    Args:
        role: the role that needs them.
        of: the name of an application that serves without nginx.
        host: the name of the host.
        owners: the programs that listen, by port.
    """
    ports = BY_NAME[role].ports
    return [
        f"port {port} of {host} is taken by {program}; {ports.advice.format(of)}, then run again. Nothing was changed."
        for port, program in sorted(owners.items())
        if ports and ports.by(program)
    ]
