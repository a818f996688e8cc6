"""The task that hardens a host."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.desired import DesiredHardening
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.hardening import Hardening, reboot_required
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.trial import confirm
from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.restart_replaced import pending_restarts
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import DESIRED_HARDENING_OPTIONS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import HardeningEntry
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import HardenResult

OPTIONS: OptionSpecs = {
    "confirm": {"type": "bool", "default": False},
    "desired": {"type": "dict", "options": DESIRED_HARDENING_OPTIONS},
}


class HardenOptions(TypedDict):
    """The options of the task.

    Attributes:
        confirm: whether to make final what was changed on trial, and nothing else.
        desired: the hardening that is desired.
    """

    confirm: bool
    desired: HardeningEntry | None


@reports_errors
def act(options: HardenOptions, check_mode: bool) -> HardenResult:
    """Harden the host; see M(asgi.deploy.harden)."""
    if options["confirm"]:
        return {"changed": not check_mode and confirm()}
    if options["desired"] is None:
        raise DeployError("desired: found nothing, expected the desired hardening, or confirm: true")
    if not check_mode:
        apt.wait_for_background_install()
    hardening = Hardening(DesiredHardening.of(options["desired"]))
    state = hardening.inspect()
    if reasons := hardening.refusals(state):
        raise DeployError("\n".join([*reasons, "Nothing was changed."]))
    fixed, on_trial = state.parameters.fixed, False
    if state.changed and not check_mode:
        fixed, on_trial = hardening.apply(state)
        log_to_journal(f"hardened: {', '.join(state.changed)}")
    return {
        "changed": bool(state.changed),
        "check_mode": check_mode,
        "parts": state.changed,
        "diff": state.diff,
        "on_trial": on_trial,
        "fixed": fixed,
        "reboot_required": reboot_required(),
        "replaced": pending_restarts(),
    }
