"""Inspections of a host: for each kind a function that returns what is there, and what differs.

An inspection changes nothing. Its options, `INSPECTION_OPTIONS`, have the names and meanings of those of the modules.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.venvs import outdated_tools
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    CertificateRequest,
    observe_certificate,
    reason_to_act,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.file_access import access_error
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.desired import DesiredHardening
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.hardening import Hardening, reboot_required
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.restart_replaced import pending_restarts
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.request import ReleaseRequest
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.archives import missing_archives
from ansible_collections.asgi.deploy.plugins.module_utils._host.survey.unit_needs import unmet_needs
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt, facts, systemd, users
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile, differences
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.pending_units import is_pending
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import port_owners
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.public_sockets import public_sockets
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.servers import server_owners, servers_on
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import (
        HardeningOptions,
        Inspection,
        PartsOptions,
    )
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Observation

_AT_ONCE = 4  # inspections at the same time: most of their time is waiting for programs


def inspect_all(inspections: Sequence[Inspection]) -> list[Observation]:
    """Return an observation for each inspection, whose options have been checked."""
    parts = [inspection["options"] for inspection in inspections if inspection["kind"] == "parts"]
    packages = list(dict.fromkeys(name for options in parts for name in options["packages"]))
    units = list(dict.fromkeys(name for options in parts for name in options["units"]))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # dpkg reads all that it knows each time, and systemctl connects each time: so each of them runs once.
        missing_packages = pool.submit(apt.missing_packages, packages)
        inactive_units = pool.submit(systemd.not_running_or_enabled, *units)
        return list(pool.map(lambda each: _inspect(each, missing_packages, inactive_units), inspections))


def _inspect(
    inspection: Inspection, missing_packages: Future[list[str]], inactive_units: Future[list[str]]
) -> Observation:
    """Return what an inspection observed; an error is an observation, too, and the task that acts explains it."""
    try:
        if inspection["kind"] == "facts":
            return cast("Observation", facts.read_facts())
        if inspection["kind"] == "release":
            options = inspection["options"]
            return cast("Observation", ReleaseRequest.from_options(options).predict(options["everything"]))
        if inspection["kind"] == "removal":
            # Not above: most hosts keep all their applications.
            from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.removal import Removal

            return {"changed": Removal(inspection["options"]).anything_left()}
        if inspection["kind"] == "hardening":
            return inspect_hardening(inspection["options"])
        return inspect_parts(inspection["options"], missing_packages, inactive_units)
    except (DeployError, OSError) as error:
        return {"failed": str(error)}


def inspect_parts(
    options: PartsOptions, missing_packages: Future[list[str]], inactive_units: Future[list[str]]
) -> Observation:
    """Return what differs of packages, files, units, users and the like.

    Args:
        options: what must be on the host.
        missing_packages: of all inspections.
        inactive_units: of all inspections.
    """
    drifted = differences([ManagedFile.of(entry) for entry in options["files"]])
    drift = [str(file.path) for file, _difference in drifted]
    drift += [unit for unit in (options["reload"], *options["units"]) if unit and is_pending(unit)]
    owners = _port_owners(options["ports"])
    shared = [port for port in options["ports"] if options["nginx_servers"] and owners.get(str(port)) == "nginx"]
    certificates = [CertificateRequest(**entry) for entry in options["certificates"]]
    reasons = {request.name: reason_to_act(request) or access_error(request) for request in certificates}
    return {
        "missing_packages": [name for name in options["packages"] if name in missing_packages.result()],
        "inactive_units": [name for name in options["units"] if name in inactive_units.result()],
        "drift": drift,
        "diff": [difference for _file, difference in drifted],
        "unmet_needs": unmet_needs(options["needs"]),
        "missing_users": [name for name in options["users"] if not users.exists(name)],
        "altered_users": [text for name in options["users"] if (text := users.alteration(name))],
        "present_users": [name for name in options["no_users"] if users.exists(name)],
        "port_owners": owners,
        "nginx_servers": [name for port in shared for name in servers_on(port)],
        "server_owners": server_owners(options["server_names"]),
        "outdated_venvs": [tool["path"] for tool in outdated_tools(options["venvs"])],
        "missing_archives": missing_archives(options["archives"]),
        "pending_certificates": {name: reason for name, reason in reasons.items() if reason},
        "lineages": [name for name in options["lineages"] if observe_certificate(name)],
    }


def _port_owners(ports: list[int]) -> dict[str, str]:
    """Return the program that listens on each port.

    An application without nginx is known by its socket, which is there even when the application is down.
    """
    owners = port_owners(ports)
    sockets = {port: unit for port, unit in public_sockets(ports).items() if owners.get(port) != "nginx"}
    return {str(port): program for port, program in {**owners, **sockets}.items()}


def inspect_hardening(options: HardeningOptions) -> Observation:
    """Return what hardening would do, why it would refuse, and what an upgrade waits for: a reboot, or restarts."""
    hardening = Hardening(DesiredHardening.of(options["desired"]))
    state = hardening.inspect()
    return {
        "missing_packages": state.packages,
        "parts": state.changed,
        "diff": state.diff,
        "refusals": hardening.refusals(state),
        "reboot_required": reboot_required(),
        "replaced": pending_restarts(),
    }
