"""The task that puts a version of an application live, and obtains its certificate."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.port_move import Check, PortMove
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.request import ReleaseRequest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_held
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import certificate as act_certificate
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.files import apply_files
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors, switch_diff
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.masking import masked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import (
    FILE_OPTIONS,
    RELEASE_OPTIONS,
    TO_SERVICE,
    TO_SOCKETS,
)

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import (
        PortOptions,
        ReleaseTaskOptions,
    )
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import (
        CertificateResult,
        CertificateSummary,
        ReleaseTaskResult,
    )

PORT_OPTIONS: OptionSpecs = {
    "goes_to": {"type": "str", "required": True, "choices": [TO_SERVICE, TO_SOCKETS]},
    "files": {"type": "list", "elements": "dict", "required": True, "options": FILE_OPTIONS},
    "validate": {"type": "list", "elements": "str", "required": True},
    "reload": {"type": "str", "required": True},
}
OPTIONS: OptionSpecs = {
    **RELEASE_OPTIONS,
    "certificate": {"type": "str"},
    "leave_stopped": {"type": "bool", "default": False},
    "urgent": {"type": "bool", "default": False},
    "port": {"type": "dict", "options": PORT_OPTIONS},
}
UNLOGGED = ("desired", "port")


def act(options: ReleaseTaskOptions, check_mode: bool) -> ReleaseTaskResult:
    """Put the version live; see M(asgi.deploy.release).

    The certificate is obtained at the same time, as most of its time is waiting for the CA.
    """
    name = options["certificate"]
    if name is None:
        return _release(options, check_mode)
    with ThreadPoolExecutor(1) as pool:
        obtaining = pool.submit(_ensure_certificate, name, check_mode)
        released = _release(options, check_mode)
    return merge_results(released, obtaining.result(), name)


def merge_results(released: ReleaseTaskResult, certificate: CertificateResult, name: str) -> ReleaseTaskResult:
    """Return the results of the release and the certificate as one, which has failed if either has.

    Args:
        released: the result of the release.
        certificate: the result of the certificate.
        name: of the certificate, which is that of the application.
    """
    result: ReleaseTaskResult = {**released, "certificate": _summary(certificate)}
    result["changed"] = bool(released.get("changed") or certificate.get("changed"))
    if warnings := [*released.get("warnings", []), *certificate.get("warnings", [])]:
        result["warnings"] = warnings
    if certificate.get("failed"):
        failure = f"the certificate {name} could not be obtained: {certificate['msg']}"
        if released.get("failed"):
            before = released["msg"]
        elif stopped := released.get("stopped"):
            before = f"{name}: {stopped}, and"
        else:
            before = f"release {released['release']} is live, but"
        result["failed"], result["msg"] = True, f"{before}\n{failure}"
    return result


def _summary(certificate: CertificateResult) -> CertificateSummary:
    summary: CertificateSummary = {}
    if "changed" in certificate:
        summary["changed"] = certificate["changed"]
    if "problem" in certificate:
        summary["problem"] = certificate["problem"]
    return summary


def _port_move(port: PortOptions | None) -> PortMove | None:
    """Return what moves the port of visitors, from options."""
    if port is None:
        return None

    def move(check: Check) -> None:
        apply_files(
            {
                "files": port["files"],
                "unread": [],
                "validate": port["validate"],
                "reload": port["reload"],
                "port_goes_to": port["goes_to"],
                "units": [],
                "users": [],
            },
            check_mode=False,
            check=check,
        )

    return PortMove(port["goes_to"] == TO_SOCKETS, move)


@reports_errors
def _release(options: ReleaseTaskOptions, check_mode: bool) -> ReleaseTaskResult:
    desired, port = options["desired"], _port_move(options["port"])
    try:
        request = ReleaseRequest.from_options(options)
        if check_mode:
            result = cast("ReleaseTaskResult", request.predict(everything=True))
        elif options["leave_stopped"]:
            result = cast(
                "ReleaseTaskResult",
                request.release_unless_stopped(options["by"], options["lock_timeout"], options["urgent"], port),
            )
        else:
            result = cast("ReleaseTaskResult", request.release(options["urgent"], port))
    except (DeployError, OSError) as error:
        raise DeployError(masked(str(error), desired["secrets"].values())) from error
    if result.get("stopped") and not options["leave_stopped"]:
        refuse_held(request.layout, result["before"])
    if result.get("stopped"):
        return result
    if result["changed"] and not check_mode:
        log_to_journal(f"{options['name']}: release {result['release']} is live")
    if result.get("health"):
        result["warnings"] = [f"{options['name']}: {result['health']}"]
    diff = switch_diff(options["name"], result["before"], result["release"] or desired["version"])
    return {**result, "diff": diff}


def _ensure_certificate(name: str, check_mode: bool) -> CertificateResult:
    try:
        return act_certificate.act({"name": name}, check_mode)
    except Exception as error:  # the result of the release must be reported nevertheless
        return {"failed": True, "msg": f"{type(error).__name__}: {error}"}
