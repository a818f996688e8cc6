"""Inspections of a host: for each kind a function that returns what is there, and what differs.

An inspection changes nothing. Its options, `INSPECTION_OPTIONS`, have the names and meanings of those of the modules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.venvs import outdated
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    Wanted as Certificate,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    observe_certificate,
    reason_to_act,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.file_access import wrong_access
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.desired import Wanted
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.hardening import Hardening, reboot_required
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.removal import Removal
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.request import ReleaseRequest
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.archives import missing
from ansible_collections.asgi.deploy.plugins.module_utils._host.survey.unit_needs import unmet
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt as debian
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import facts as host
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import users as accounts
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import Item, differences
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.pending_units import pending
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.ports import port_owners
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.servers import server_owners
from ansible_collections.asgi.deploy.plugins.module_utils._host.web.socket_units import public_sockets
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

_AT_ONCE = 4  # most of a look is waiting for programs


def parts(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs of files, users and the like; of packages and units :func:`looked` says it, for all looks."""
    found = differences([Item.of(options) for options in wanted["files"]])
    drift = [str(item.path) for item, _difference in found]
    if wanted["reload"] and pending(wanted["reload"]):
        drift.append(wanted["reload"])
    certificates = [Certificate(**options) for options in wanted["certificates"]]
    return {
        "drift": drift,
        "diff": [difference for _item, difference in found],
        "unmet_needs": unmet(wanted["needs"]),
        "missing_users": [name for name in wanted["users"] if not accounts.exists(name)],
        "altered_users": [text for name in wanted["users"] if (text := accounts.alteration(name))],
        "present_users": [name for name in wanted["no_users"] if accounts.exists(name)],
        "port_owners": _port_owners(wanted["ports"]),
        "server_owners": server_owners(wanted["server_names"]),
        "outdated_venvs": [venv["path"] for venv in outdated(wanted["venvs"])],
        "missing_archives": missing(wanted["archives"]),
        "certificates_due": {
            one.name: reason for one in certificates if (reason := reason_to_act(one) or wrong_access(one))
        },
        "lineages": [name for name in wanted["lineages"] if observe_certificate(name)],
    }


def _port_owners(ports: list[int]) -> dict[str, str]:
    """Return who listens, by port; an application without nginx by its socket, which is there when it is down, too."""
    owners = port_owners(ports)
    ours = {port: unit for port, unit in public_sockets(ports).items() if owners.get(port) != "nginx"}
    return {str(port): program for port, program in {**owners, **ours}.items()}


def release(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What a release would do: see :meth:`ReleaseRequest.predict`."""
    return ReleaseRequest.from_options(wanted).predict(wanted["everything"])


def removal(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Whether anything of an application is left that shall not be."""
    return {"changed": Removal(wanted).anything_left()}


def hardening(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What hardening would do, why it would refuse, and whether an upgrade waits for a reboot."""
    hardened = Hardening(Wanted.of(wanted["wanted"]))
    found = hardened.look()
    return {
        "missing_packages": found.packages,
        "parts": found.changed,
        "diff": found.diff,
        "refusals": hardened.refusals(found),
        "reboot_required": reboot_required(),
    }


def facts(_wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What decisions need to know of the host: see :func:`facts.facts`."""
    return host.facts()


Look = Callable[[Mapping[str, Any]], dict[str, Any]]

LOOKS: dict[str, Look] = {
    "facts": facts,
    "parts": parts,
    "release": release,
    "removal": removal,
    "hardening": hardening,
}


def looked(looks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what was found, for looks each with its `kind` and its `options`, which have been checked."""
    of_parts = [look["options"] for look in looks if look["kind"] == "parts"]
    packages, units = (
        list(dict.fromkeys(name for options in of_parts for name in options[key])) for key in ("packages", "units")
    )
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # dpkg reads all that it knows for each question, and systemctl connects for each: so both are asked once.
        missing_packages, inactive_units = pool.submit(debian.missing, packages), pool.submit(systemd.idle, *units)
        return list(
            pool.map(lambda look: _found(look["kind"], look["options"], missing_packages, inactive_units), looks)
        )


def _found(
    kind: str, options: Mapping[str, Any], missing_packages: Future[list[str]], inactive_units: Future[list[str]]
) -> dict[str, Any]:
    """Return what a look found; what cannot be told is left to those who act, who say more of the circumstances."""
    try:
        found = LOOKS[kind](options)
        if kind == "parts":
            found["missing_packages"] = [name for name in options["packages"] if name in missing_packages.result()]
            found["inactive_units"] = [name for name in options["units"] if name in inactive_units.result()]
    except (DeployError, OSError) as error:
        return {"failed": str(error)}
    return found
