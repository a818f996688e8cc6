"""The role of the collection as the engine sees it: one object, which each package of a role exports as `ROLE`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, Protocol, TypeVar, cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.http_proxy import HttpProxy
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.inspections import InspectionEntry
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import AddedFile, Contents
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import Rule

# A plan and a desired state are TypedDicts of the role: they cross to Ansible, to templates and to the host as JSON.
PlanT = TypeVar("PlanT")
StateT = TypeVar("StateT")


class Stage(IntEnum):
    """When a first run installs the packages of a role: with the first call of apt, or after it, in this order."""

    FIRST = 0
    RELEASE = 1
    LAST = 2


class HostContext(Protocol):
    """The variables of one host, and the files on the controller that they name."""

    by: str  # the user who runs the playbook, for the audit trail
    base: str | None  # the folder where relative paths begin

    @property
    def verify(self) -> bool:
        """Return whether this run reads all files of releases."""

    @property
    def behind_balancer(self) -> bool:
        """Return whether nginx of the host trusts what proxies state."""

    @property
    def http_proxy(self) -> HttpProxy:
        """Return the proxy by which the host reaches others."""

    @property
    def facts(self) -> Facts:
        """Return the facts of the host."""

    @property
    def apps(self) -> list[dict[str, Json]]:
        """Return the entries of asgi_apps, as the user wrote them."""

    def options(self, role: AnyRole, arguments: Mapping[str, Json]) -> dict[str, Json]:
        """Return the options of a role, named without its prefix, with their defaults."""

    def contents(self, app: Mapping[str, Json]) -> Contents:
        """Return the contents of all files that an entry names."""

    def text(self, path: str) -> str:
        """Return the text of a file."""

    def content(self, entry: AddedFile, app_plan: Mapping[str, object]) -> bytes:
        """Return the content of a file that is added to a release."""


@dataclass(frozen=True)
class Inventory:
    """The variables of one host, as the user wrote them."""

    variables: Mapping[str, Json]
    apps: Sequence[Json]  # the entries of asgi_apps
    base: str | None  # the folder where relative paths begin

    @property
    def known_apps(self) -> list[Mapping[str, Json]]:
        """Return the entries that are dictionaries."""
        return [app for app in self.apps if isinstance(app, Mapping)]


@dataclass(frozen=True)
class PortConflict:
    """The programs that must not hold a port of a role, and an advice for that case."""

    by: Callable[[str], bool]  # whether a program that listens there is in the way, by its name
    advice: str  # with {} for the name of the application


def _no_conflicts(_options: Mapping[str, Json], _inventory: Inventory) -> list[str]:
    """Return no errors."""
    return []


def _never(_apps: Sequence[Mapping[str, Json]]) -> bool:
    """Return that no host needs the role."""
    return False


class AnyRole(Protocol):
    """A role as the engine calls it, whatever the types of its plan and its desired state are."""

    @property
    def name(self) -> str:
        """Return its folder in roles/."""

    @property
    def prefix(self) -> str:
        """Return the beginning of the names of its variables."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """Return its rules by the option's dotted name."""

    @property
    def packages(self) -> Stage:
        """Return when a first run installs its packages."""

    @property
    def conflicts(self) -> Callable[[Mapping[str, Json], Inventory], list[str]]:
        """Return the function that finds contradictions of options."""

    @property
    def needed(self) -> Callable[[Sequence[Mapping[str, Json]]], bool]:
        """Return the function that decides whether a host has the role."""

    @property
    def ports(self) -> PortConflict | None:
        """Return when its ports are taken."""

    def plan_for(self, here: HostContext, arguments: Mapping[str, Json]) -> dict[str, Json]:
        """Return the plan of the role as a document."""

    def state_of(self, plan: dict[str, Json], here: HostContext) -> dict[str, Json]:
        """Return the desired state as a document, from a plan of the role."""

    def inspections_of(self, plan: dict[str, Json], state: dict[str, Json]) -> dict[str, InspectionEntry]:
        """Return what to inspect, from a plan and a desired state of the role."""


@dataclass(frozen=True, kw_only=True)
class Role(Generic[PlanT, StateT]):
    """A role of this collection.

    Attributes:
        name: its folder in roles/.
        prefix: the beginning of the names of its variables; an unknown variable that has it is reported as a mistake.
        rules: a rule for each option that a type does not describe fully, by the option's dotted name.
        packages: when a first run installs the packages that are missing.
        plan: decides everything about the role on a host; takes options that differ from the host's variables, or the
            entry of an application. Raises ValueError when an option is wrong or the host does not support it.
        desired_state: returns what the tasks of the role take, from its plan.
        inspections: returns what to inspect on the host, by part: `kind` and `options` of M(asgi.deploy.look), from
            its plan and its desired state.
        conflicts: returns the errors of options that are right by themselves and wrong together; takes the options
            that the user wrote, resolved, and the inventory.
        needed: whether a host with these applications has the role; false for a role that only serves an application.
        ports: when a port that it needs is taken; nothing for a role without ports.
    """

    name: str
    prefix: str
    rules: Mapping[str, Rule]
    packages: Stage
    plan: Callable[[HostContext, Mapping[str, Json]], PlanT]
    desired_state: Callable[[PlanT, HostContext], StateT]
    inspections: Callable[[PlanT, StateT], dict[str, InspectionEntry]]
    conflicts: Callable[[Mapping[str, Json], Inventory], list[str]] = _no_conflicts
    needed: Callable[[Sequence[Mapping[str, Json]]], bool] = _never
    ports: PortConflict | None = None

    def plan_for(self, here: HostContext, arguments: Mapping[str, Json]) -> dict[str, Json]:
        """Return the plan as a document; see `plan`."""
        return cast("dict[str, Json]", self.plan(here, arguments))

    def state_of(self, plan: dict[str, Json], here: HostContext) -> dict[str, Json]:
        """Return the desired state as a document, from a plan that this role made."""
        return cast("dict[str, Json]", self.desired_state(cast("PlanT", plan), here))

    def inspections_of(self, plan: dict[str, Json], state: dict[str, Json]) -> dict[str, InspectionEntry]:
        """Return what to inspect, from a plan and a desired state that this role made."""
        return self.inspections(cast("PlanT", plan), cast("StateT", state))
