"""The hardening of a host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.desired import DesiredHardening
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.hardening import Hardening, reboot_required
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.trial import confirm
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import DESIRED_HARDENING_OPTIONS

OPTIONS: dict[str, Any] = {
    "confirm": {"type": "bool", "default": False},
    "wanted": {"type": "dict", "options": DESIRED_HARDENING_OPTIONS},
}


@reports_errors
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.harden)."""
    if options["confirm"]:
        return {"changed": not check_mode and confirm()}
    if options["wanted"] is None:
        raise DeployError("wanted: found nothing, expected all that shall be, or confirm: true")
    if not check_mode:
        apt.wait_for_background_install()
    host = Hardening(DesiredHardening.of(options["wanted"]))
    found = host.look()
    if reasons := host.refusals(found):
        raise DeployError("\n".join([*reasons, "Nothing was changed."]))
    fixed, on_trial = found.parameters.fixed, False
    if found.changed and not check_mode:
        fixed, on_trial = host.apply(found)
        log_to_journal(f"hardened: {', '.join(found.changed)}")
    return {
        "changed": bool(found.changed),
        "check_mode": check_mode,
        "parts": found.changed,
        "diff": found.diff,
        "on_trial": on_trial,
        "fixed": fixed,
        "reboot_required": reboot_required(),
    }
