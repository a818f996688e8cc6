"""Ports that move between nginx and applications, when an application goes behind nginx or leaves it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NGINX, UNITS, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Observation
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import TO_SERVICE, TO_SOCKETS
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan

NOTES = {
    TO_SERVICE: (
        "comes behind nginx on the port that it has by itself: connections are refused for a moment after the switch "
        "to the new release, until nginx has the port, and the new release is not watched"
    ),
    TO_SOCKETS: (
        "leaves nginx and takes its port: connections are refused for a moment before the switch to the new release, "
        "and wait then until it has started with the port; the new release is not watched"
    ),
}
STAYS = "keeps the port that it has until it is started; the run after that moves it"


class Application(NamedTuple):
    """An application of a run.

    Attributes:
        plan: its plan.
        host: what the host reports of its files and ports.
        release: what the host reports of its release.
    """

    plan: AppPlan
    host: Observation
    release: Observation

    @property
    def name(self) -> str:
        """Return its name."""
        return str(self.plan["name"])

    @property
    def socket(self) -> str:
        """Return the socket unit that listens for it without nginx."""
        return Layout(self.name).public_units[0]

    @property
    def present(self) -> bool:
        """Return whether it must be on the host."""
        return bool(self.plan["state"] == "present")

    @property
    def stopped(self) -> bool:
        """Return whether it is stopped."""
        return bool(self.release.get("stopped"))

    @property
    def needs_nginx_port(self) -> bool:
        """Return whether it needs a port for itself that nginx holds; a release that is live has no need to take it."""
        if not (self.present and self.plan["direct"]):
            return False
        goes_live = self.stopped or "live" in self.release.get("left", ()) or "failed" in self.release
        return goes_live and self.host.get("port_owners", {}).get(str(self.plan["tls"]["port"])) == "nginx"

    @property
    def leaves_nginx(self) -> bool:
        """Return whether its server in nginx is removed in this run."""
        going = self.present and not self.stopped and self.plan["direct"] is not None
        return going and f"{NGINX}/sites/{self.name}.conf" in self.host.get("drift", ())

    @property
    def changes_port(self) -> bool:
        """Return whether it serves, and its visitors will use another port or proxy."""
        serves = self.present and not self.stopped and self.release.get("before") is not None
        own = f"{UNITS}/{self.socket}" in self.host.get("drift", ())
        return serves and (own or self.leaves_nginx)


@dataclass(frozen=True)
class PortMoves:
    """The ports that move between nginx and applications in a run.

    Attributes:
        goes_to: `TO_SERVICE` or `TO_SOCKETS`, which gets the port with the release, by the name of the application.
        staying: stopped applications, which keep their ports.
        held: ports that nginx must not use before an application gives them up.
        refusals: why an application cannot move, by its name.
        ahead: whether ports are opened before the applications, as one of them changes its port.
    """

    goes_to: Mapping[str, str] = field(default_factory=dict)
    staying: Collection[str] = ()
    held: Sequence[int] = ()
    refusals: Mapping[str, str] = field(default_factory=dict)
    ahead: bool = False

    @property
    def settled(self) -> set[str]:
        """Return the applications whose ports are no conflict."""
        return {*self.goes_to, *self.staying}


NOTHING = PortMoves()


def decide(apps: Sequence[Application], nginx_ports: Mapping[str, str]) -> PortMoves:
    """Decide which ports move in a run.

    Args:
        apps: the applications of the run.
        nginx_ports: the holders of the ports that nginx needs, by port.
    """
    holders = {owner: int(port) for port, owner in nginx_ports.items()}
    coming = [app for app in apps if app.present and not app.plan["direct"] and app.socket in holders]
    leaving = [app for app in apps if app.needs_nginx_port]
    refusals = {app.name: text for app in leaving if not app.stopped and (text := _others(app, apps, leaving))}
    behind = [app.name for app in apps if app.present and not app.plan["direct"]]
    for app in coming:
        if app.stopped and (others := [name for name in behind if name != app.name]):
            refusals[app.name] = (
                f"is stopped, and has port {holders[app.socket]}, which nginx needs for {', '.join(others)}; "
                "start it by the playbook start, and run again"
            )
    moving = [app for app in (*coming, *leaving) if app.name not in refusals]
    return PortMoves(
        {app.name: TO_SERVICE if app in coming else TO_SOCKETS for app in moving if not app.stopped},
        [app.name for app in moving if app.stopped],
        sorted(holders[app.socket] for app in coming),
        refusals,
        any(app.changes_port for app in apps),
    )


def _others(app: Application, apps: Sequence[Application], leaving: Sequence[Application]) -> str:
    """Return why nginx cannot give up the port of an application; empty if it can."""
    going = {
        one.name for one in apps if one not in leaving and not one.stopped and (not one.present or one.plan["direct"])
    }
    others = [name for name in app.host.get("nginx_servers", ()) if name != app.name and name not in going]
    if not others:
        return ""
    return (
        f"port {app.plan['tls']['port']} is nginx's, which serves {', '.join(dict.fromkeys(others))} there as well; "
        "write another tls.port, or move these first"
    )


def in_order(order: Sequence[str], moves: PortMoves) -> list[str]:
    """Return the names with the applications last that take a port of nginx, as the others must leave nginx before."""
    return sorted(order, key=lambda name: moves.goes_to.get(name) == TO_SOCKETS)
