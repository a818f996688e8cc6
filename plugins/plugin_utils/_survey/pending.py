"""What has to be done, from what a look at a host found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import PLATFORMS
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import Stage
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import BY_NAME, ROLES

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
    *("missing_archives", "certificates_due", "lineages", "unmet_needs"),
)

_FIRST = frozenset[str]().union(*(platform.packages.first for platform in PLATFORMS))


def differs(kind: str, found: Mapping[str, Any]) -> bool:
    """Whether a look found anything that is not as it shall be, or could not tell.

    Args:
        kind: of the look, as in M(asgi.deploy.look).
        found: what it found.
    """
    if "failed" in found:
        return True
    if kind in ("release", "removal"):
        # One that is live and may not be well is asked again, by who can say more of it.
        due = found["changed"] or found.get("refusals") or found.get("health")
        return bool(due) or not found.get("noted", True)
    if kind == "hardening":
        return bool(found["parts"] or found["refusals"] or found["reboot_required"])
    return any(found.get(key) for key in (*_DIFFERENCES, "port_conflicts"))


def refuses(found: Mapping[str, Any]) -> bool:
    """Whether whoever acts on it will say no instead, before anything is changed."""
    return "failed" not in found and bool(problems(found))


def problems(found: Mapping[str, Any]) -> list[str]:
    """Why nothing can be done about what was found, or nothing be told of it."""
    said = [text for key in ("unmet_needs", "refusals", "port_conflicts") for text in found.get(key, ())]
    return [*said, *([found["failed"]] if "failed" in found else [])]


def packages(looks: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[list[str], list[list[str]]]:
    """All packages that are missing, if nobody refuses: those to begin with, and groups of others as they are needed.

    Args:
        looks: the role of each look, and what it found.
    """
    seen = list(looks)
    if any(refuses(found) for _role, found in seen):
        return [], []
    missing = [(role, name) for role, found in seen for name in found.get("missing_packages", ())]
    stages = [[role.name for role in ROLES if role.packages is stage] for stage in sorted(Stage)]
    groups = [{name for role, name in missing if role in roles or name in _FIRST} for roles in stages]
    groups = [group.difference(*groups[:number]) for number, group in enumerate(groups)]
    return sorted(groups[0]), [sorted(group) for group in groups[1:] if group]


def venvs(looks: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """The environments of programs that have to be built, if nobody refuses, and if nobody ships wheels for them later.

    Args:
        looks: the options of each look, and what it found.
    """
    seen = list(looks)
    if any(refuses(found) for _options, found in seen):
        return []
    outdated = {path for _options, found in seen for path in found.get("outdated_venvs", ())}
    asked = [venv for options, _found in seen for venv in options.get("venvs", ()) if venv["path"] in outdated]
    shipped = {venv["path"] for venv in asked if venv["wheelhouse"]}
    return list({venv["path"]: venv for venv in asked if venv["path"] not in shipped}.values())


def take(names: Collection[str], built: Iterable[Mapping[str, Any]], looks: Iterable[dict[str, Any]]) -> None:
    """Takes out of what looks found that which is installed for all of them before they act.

    Args:
        names: of packages, those that are installed later included.
        built: environments, as :func:`venvs` does.
        looks: what each found.
    """
    paths = [venv["path"] for venv in built]
    for found in looks:
        for key, gone in (("missing_packages", names), ("outdated_venvs", paths)):
            if key in found:
                found[key] = [name for name in found[key] if name not in gone]


def port_conflicts(role: str, of: str, host: str, owners: Mapping[str, str]) -> list[str]:
    """Return why ports that a role needs are taken, a text for each port.

    Args:
        role: the role that needs them.
        of: the application's name, if it is one that serves without nginx.
        host: its name.
        owners: the programs that listen, by port.
    """
    ports = BY_NAME[role].ports
    return [
        f"port {port} of {host} is taken by {program}; {ports.advice.format(of)}, then run again. Nothing was changed."
        for port, program in sorted(owners.items())
        if ports and ports.by(program)
    ]
