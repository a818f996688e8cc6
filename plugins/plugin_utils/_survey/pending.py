"""What has to be done, from what a look at a host found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

_DIFFERENCES = (
    *("missing_packages", "drift", "inactive_units", "missing_users", "present_users", "outdated_venvs"),
    *("missing_archives", "certificates_due", "lineages", "unmet_needs"),
)

# Who needs packages first, who later, and who last: an application is fetched when nginx and its certificate are on
# their way, and the hardening waits for all.
_NEEDED = (("nginx", "certificate"), ("app",), ("hardening",))
# They may bring another Python or systemd along, which nobody can do without meanwhile.
_FIRST = {"python3-venv", "systemd-timesyncd"}

_ADVICE = {
    "nginx": "nginx needs it. Stop that program or move it to another port",
    "app": "{} needs it to serve without nginx. Remove nginx or write another tls.port",
}


def differs(kind: str, found: Mapping[str, Any]) -> bool:
    """Whether a look found anything that is not as it shall be, or could not tell.

    Args:
        kind: of the look, as in M(asgi.deploy.look).
        found: what it found.
    """
    if "failed" in found:
        return True
    if kind in ("release", "removal"):
        return bool(found["changed"]) or not found.get("noted", True)
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
    groups = [{name for role, name in missing if role in roles or name in _FIRST} for roles in _NEEDED]
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
    """Ports that somebody else has: nginx's are nginx's alone, and an application's may be anybody's but nginx's.

    Args:
        role: who wants them.
        of: the application's name, if it is one that serves without nginx.
        host: its name.
        owners: the programs that listen, by port.
    """
    return [
        f"port {port} of {host} is taken by {program}; {_ADVICE[role].format(of)}, then run again. Nothing was changed."
        for port, program in sorted(owners.items())
        if (program == "nginx") != (role == "nginx")
    ]
