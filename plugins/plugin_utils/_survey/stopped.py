"""Messages about an application that is stopped on a host, and the files that stay as they are."""

from __future__ import annotations

from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Observation
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.files import files_of_other_proxy
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan


def text(plan: AppPlan, observed: Observation) -> str:
    """Return since when an application is stopped, and what starts it; empty when it is not stopped.

    Args:
        plan: the application's.
        observed: what the inspection of its release reports.
    """
    if not observed.get("stopped"):
        return ""
    live, waiting = observed.get("before"), observed.get("release") or plan["version"]
    if waiting == live:
        return f"{observed['stopped']}; asgi.deploy.start starts {live}"
    return (
        f"{observed['stopped']}; {waiting} waits: asgi.deploy.start starts {live}, and asgi.deploy.site then releases"
    )


def leave_proxy(plan: AppPlan, host: Observation, certificate: Observation | None = None) -> None:
    """Leave the files by which visitors reach a stopped application; its next release removes them.

    Where it goes to nginx or leaves it, its certificate stays as well.

    Args:
        plan: the application's; the function records in it that the application is stopped.
        host: what the host reports of its files; those that stay are taken out of its drift.
        certificate: what the host reports of its certificate, if it has one; from it all is taken out that stays.
    """
    kept = files_of_other_proxy(plan)
    plan["stopped"] = True
    drift = host.get("drift", [])
    host["drift"] = [path for path in drift if path not in kept]
    if certificate is not None and not set(drift).isdisjoint(kept):
        # The one way to serve cannot read the key of the other.
        certificate["drift"], certificate["inactive_units"], certificate["pending_certificates"] = [], [], {}


def refusal(observed: Observation) -> str:
    """Return why nothing is released."""
    return f"{observed['stopped']}; run asgi.deploy.start first"


def change(observed: Observation) -> str:
    """Return what would change of its release although it is stopped; empty if nothing would."""
    if observed["changed"]:
        return "stays as it is; the rules for the cloud's metadata service would change"
    return "" if observed["noted"] else "would be started by other settings of its gate"
