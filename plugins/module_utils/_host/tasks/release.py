"""A version of an application, put live, and its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.request import ReleaseRequest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.stopping import refuse_held
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import certificate as act_certificate
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors, switch_diff
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.masking import masked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import RELEASE_OPTIONS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import ReleaseOptions

OPTIONS: dict[str, Any] = {
    **RELEASE_OPTIONS,
    "certificate": {"type": "str"},
    "leave_stopped": {"type": "bool", "default": False},
    "urgent": {"type": "bool", "default": False},
}
UNLOGGED = ("wanted",)


def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.release). Most of the time of a certificate is waiting for its CA."""
    name = options["certificate"]
    if name is None:
        return _release(options, check_mode)
    with ThreadPoolExecutor(1) as pool:
        getting = pool.submit(_ensure_certificate, name, check_mode)
        released = _release(options, check_mode)
    return merge_results(released, getting.result(), name)


def merge_results(released: Mapping[str, Any], certificate: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The answers of the release and the certificate as one, which has failed where either has."""
    told = {**released, "certificate": {key: certificate[key] for key in ("changed", "problem") if key in certificate}}
    told["changed"] = bool(released.get("changed") or certificate.get("changed"))
    if warnings := [*released.get("warnings", []), *certificate.get("warnings", [])]:
        told["warnings"] = warnings
    if certificate.get("failed"):
        failure = f"the certificate {name} could not be had: {certificate['msg']}"
        if released.get("failed"):
            before = released["msg"]
        elif stopped := released.get("stopped"):
            before = f"{name}: {stopped}, and"
        else:
            before = f"release {released['release']} is live, but"
        told |= {"failed": True, "msg": f"{before}\n{failure}"}
    return told


@reports_errors
def _release(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    wanted = options["wanted"]
    result: dict[str, Any]
    try:
        order = ReleaseRequest.from_options(cast("ReleaseOptions", options))
        if options["leave_stopped"] and not check_mode:
            result = {**order.release_unless_stopped(options["by"], options["lock_timeout"], options["urgent"])}
        elif check_mode:
            result = {**order.predict(everything=True)}
        else:
            result = {**order.release(options["urgent"])}
    except (DeployError, OSError) as error:
        raise DeployError(masked(str(error), wanted["secrets"].values())) from error
    if result.get("stopped") and not options["leave_stopped"]:
        refuse_held(order.layout, result["before"])
    if result.get("stopped"):
        return result
    if result["changed"] and not check_mode:
        log_to_journal(f"{options['name']}: release {result['release']} is live")
    if result.get("health"):
        result["warnings"] = [f"{options['name']}: {result['health']}"]
    diff = switch_diff(options["name"], result["before"], result["release"] or wanted["version"])
    return {**result, "diff": diff}


def _ensure_certificate(name: str, check_mode: bool) -> dict[str, Any]:
    try:
        return act_certificate.act({"name": name}, check_mode)
    except Exception as error:  # what became of the release has to be told all the same
        return {"failed": True, "msg": f"{type(error).__name__}: {error}"}
