"""Inspections of a host: for each kind a function that returns what is there, and what differs.

An inspection changes nothing. Its options, `INSPECTION_OPTIONS`, have the names and meanings of those of the modules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.venvs import outdated_tools
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    CertificateRequest as Certificate,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    observe_certificate,
    reason_to_act,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.file_access import access_error
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.desired import DesiredHardening
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.hardening import Hardening, reboot_required
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.removal import Removal
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.request import ReleaseRequest
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.archives import missing_archives
from ansible_collections.asgi.deploy.plugins.module_utils._host.survey.unit_needs import unmet_needs
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt, facts, systemd, users
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile, differences
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.pending_units import is_pending
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import port_owners
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.servers import server_owners
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.socket_units import public_sockets
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import (
        ReleaseOptions,
        RemovalOptions,
    )

_AT_ONCE = 4  # most of a look is waiting for programs


def inspect_parts(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs of files, users and the like; of packages and units :func:`looked` says it, for all looks."""
    found = differences([ManagedFile.of(options) for options in wanted["files"]])
    drift = [str(item.path) for item, _difference in found]
    if wanted["reload"] and is_pending(wanted["reload"]):
        drift.append(wanted["reload"])
    certificates = [Certificate(**options) for options in wanted["certificates"]]
    return {
        "drift": drift,
        "diff": [difference for _item, difference in found],
        "unmet_needs": unmet_needs(wanted["needs"]),
        "missing_users": [name for name in wanted["users"] if not users.exists(name)],
        "altered_users": [text for name in wanted["users"] if (text := users.alteration(name))],
        "present_users": [name for name in wanted["no_users"] if users.exists(name)],
        "port_owners": _port_owners(wanted["ports"]),
        "server_owners": server_owners(wanted["server_names"]),
        "outdated_venvs": [venv["path"] for venv in outdated_tools(wanted["venvs"])],
        "missing_archives": missing_archives(wanted["archives"]),
        "certificates_due": {
            one.name: reason for one in certificates if (reason := reason_to_act(one) or access_error(one))
        },
        "lineages": [name for name in wanted["lineages"] if observe_certificate(name)],
    }


def _port_owners(ports: list[int]) -> dict[str, str]:
    """Return who listens, by port; an application without nginx by its socket, which is there when it is down, too."""
    owners = port_owners(ports)
    ours = {port: unit for port, unit in public_sockets(ports).items() if owners.get(port) != "nginx"}
    return {str(port): program for port, program in {**owners, **ours}.items()}


def inspect_release(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What a release would do: see :meth:`ReleaseRequest.predict`."""
    return {**ReleaseRequest.from_options(cast("ReleaseOptions", wanted)).predict(wanted["everything"])}


def inspect_removal(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Whether anything of an application is left that shall not be."""
    return {"changed": Removal(cast("RemovalOptions", wanted)).anything_left()}


def inspect_hardening(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What hardening would do, why it would refuse, and whether an upgrade waits for a reboot."""
    hardened = Hardening(DesiredHardening.of(wanted["wanted"]))
    found = hardened.look()
    return {
        "missing_packages": found.packages,
        "parts": found.changed,
        "diff": found.diff,
        "refusals": hardened.refusals(found),
        "reboot_required": reboot_required(),
    }


def inspect_facts(_wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What decisions need to know of the host: see :func:`facts.facts`."""
    return facts.facts()


Inspector = Callable[[Mapping[str, Any]], dict[str, Any]]

INSPECTIONS: dict[str, Inspector] = {
    "facts": inspect_facts,
    "parts": inspect_parts,
    "release": inspect_release,
    "removal": inspect_removal,
    "hardening": inspect_hardening,
}


def inspect_all(looks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what was found, for looks each with its `kind` and its `options`, which have been checked."""
    of_parts = [look["options"] for look in looks if look["kind"] == "parts"]
    packages, units = (
        list(dict.fromkeys(name for options in of_parts for name in options[key])) for key in ("packages", "units")
    )
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # dpkg reads all that it knows for each question, and systemctl connects for each: so both are asked once.
        missing_packages, inactive_units = (
            pool.submit(apt.missing_packages, packages),
            pool.submit(systemd.not_running_or_enabled, *units),
        )
        return list(
            pool.map(lambda look: _inspect(look["kind"], look["options"], missing_packages, inactive_units), looks)
        )


def _inspect(
    kind: str, options: Mapping[str, Any], missing_packages: Future[list[str]], inactive_units: Future[list[str]]
) -> dict[str, Any]:
    """Return what a look found; what cannot be told is left to those who act, who say more of the circumstances."""
    try:
        found = INSPECTIONS[kind](options)
        if kind == "parts":
            found["missing_packages"] = [name for name in options["packages"] if name in missing_packages.result()]
            found["inactive_units"] = [name for name in options["units"] if name in inactive_units.result()]
    except (DeployError, OSError) as error:
        return {"failed": str(error)}
    return found
