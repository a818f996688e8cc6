"""Shapes of inspections as roles write them: a missing option has the default of `INSPECTION_OPTIONS`."""

from __future__ import annotations

from typing import NotRequired, TypeAlias, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import HardeningOptions, PartsOptions
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import ReleaseEntry


class ReleaseInspectionEntry(TypedDict):
    """What an inspection of the kind release compares with the host.

    Attributes:
        name: of the application.
        by: the user who runs the playbook.
        desired: the release that must serve.
        everything: whether all releases are inspected, not only the one that would serve.
    """

    name: str
    by: str
    desired: ReleaseEntry
    everything: NotRequired[bool]


class RemovalInspectionEntry(TypedDict):
    """What an inspection of the kind removal looks for on the host.

    Attributes:
        name: of the application.
        by: the user who runs the playbook.
        data: whether its data must be removed as well.
    """

    name: str
    by: str
    data: bool


InspectionOptions: TypeAlias = PartsOptions | ReleaseInspectionEntry | RemovalInspectionEntry | HardeningOptions


class InspectionEntry(TypedDict):
    """One inspection of a host: a kind of M(asgi.deploy.look), and its options."""

    kind: str
    options: InspectionOptions
