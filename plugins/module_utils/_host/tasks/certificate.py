"""The task that obtains a certificate from its CA at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.former_state import other_certificates
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.renewal import ensure, request_of
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import CertificateResult

OPTIONS: OptionSpecs = {"name": {"type": "str", "required": True}}


class CertificateOptions(TypedDict):
    """The options of the task.

    Attributes:
        name: of the certificate.
    """

    name: str


@reports_errors
def act(options: CertificateOptions, check_mode: bool) -> CertificateResult:
    """Obtain a certificate; see M(asgi.deploy.certificate)."""
    if check_mode:
        return {"changed": True}
    outcome = ensure(options["name"])
    if outcome.changed:
        log_to_journal(f"{options['name']}: its certificate was updated")
    others = other_certificates(request_of(options["name"])) if outcome.changed else []
    if outcome.problem is None:
        return {"changed": outcome.changed, "warnings": others} if others else {"changed": outcome.changed}
    return {"changed": outcome.changed, "problem": outcome.problem, "warnings": [outcome.problem, *others]}
