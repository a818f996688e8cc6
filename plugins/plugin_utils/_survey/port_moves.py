"""Record in the plans of a run which ports move between nginx and applications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NGINX_DEFAULT
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import TO_SERVICE
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.files import NO_DEFAULT
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ports import behind_nginx
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.managed_files import file
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import moves, pending
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.desired import desired_state
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.survey_types import Inspected


def record_moves(results: Sequence[Inspected], here: HostContext) -> moves.PortMoves:
    """Decide which ports move, and record it in the plans of the applications and of nginx."""
    nginx = next((result for result in results if result.inspection.role == "nginx"), None)
    hosts = {result.inspection.of: result.observed for result in results if result.inspection.part == "host"}
    apps = [
        moves.Application(inspection.app_plan, hosts.get(inspection.of, {}), observed)
        for inspection, observed in results
        if (inspection.role, inspection.part) == ("app", "release")
    ]
    ports = moves.decide(apps, nginx.observed.get("port_owners", {}) if nginx else {})
    default = None
    if ports.held and nginx:
        plan = cast("dict[str, Json]", nginx.inspection.plan)
        default = _default_server(plan, here)
        plan["held"] = list(ports.held)
    for app in apps:
        if app.name not in ports.settled:
            continue
        target = ports.goes_to.get(app.name)
        app.plan["port_goes_to"], app.plan["port_stays"] = target, target is None
        if target:
            app.plan["notices"] = [*app.plan["notices"], moves.NOTES[target]]
        if target == TO_SERVICE and default:
            app.plan["nginx_default"] = default
    if not behind_nginx(here.apps):  # nginx gives up its ports, as certbot answers on one of them, too
        for app in apps:
            if app.leaves_nginx:
                app.plan["nginx_default"] = file(str(NGINX_DEFAULT), NO_DEFAULT)
    return ports


def _default_server(plan: dict[str, Json], here: HostContext) -> FileEntry:
    """Return the default server of nginx on all its ports, which is installed with its first application."""
    files = cast("list[FileEntry]", desired_state("nginx", plan, here)["files"])
    return next(entry for entry in files if entry["path"] == str(NGINX_DEFAULT))


def conflicts(result: Inspected, host: str, ports: moves.PortMoves) -> list[str]:
    """Return why ports that a role needs are taken, a text for each; ports that move are no conflict."""
    inspection, observed = result
    if inspection.part == "host" and inspection.of in ports.refusals:
        return [f"{host}: {inspection.of}: {ports.refusals[inspection.of]}. Nothing was changed."]
    if inspection.of in ports.settled:
        return []
    owners = {
        port: owner
        for port, owner in observed.get("port_owners", {}).items()
        if not (inspection.role == "nginx" and int(port) in ports.held)
    }
    return pending.port_conflicts(inspection.role, inspection.of, host, owners)
