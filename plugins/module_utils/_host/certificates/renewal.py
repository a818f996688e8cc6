"""Obtains and renews the certificates of a host; the role's module and the timer run the same code.

On the host it is started with `python3 -m`, by its dotted name: `renew`, or `deployed` as certbot's hook.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates import former_state, taking
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certbot_output import (
    describe_failure,
    is_account_lost,
    is_nonce_refused,
    retry_at,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    CERTBOT,
    MOMENT,
    REQUESTS,
    SELF_SIGNED,
    SELF_SIGNED_DAYS,
    STAND_IN,
    STAND_IN_DAYS,
    CertificateRequest,
    certbot_texts,
    certificate_status,
    observe_certificate,
    read_certificate,
    reason_to_act,
    reason_to_make,
    reason_to_request,
    served_texts,
    wait_until,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.file_access import restrict_access
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.reachability import check_reachability
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.served import served_error
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.status import read_status, write_status
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import run, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.locks import exclusive_lock
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CERTBOT_PROGRAM

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import LastAttempt, RequestKey

PROGRAM = str(CERTBOT_PROGRAM)
LOCK = Path("/run/asgi-certificates.lock")  # of a run and the timer: certbot refuses to run twice at the same time
_PROPAGATION = "_propagation_seconds"  # the end of certbot's options for the time that a DNS record takes
CERTBOT_SECONDS = 600  # and in addition what a DNS record takes until it is visible
ATTEMPTS = 3
_LEAVES_NGINX = ("webroot", "standalone")  # how certbot answered, and is to answer


@dataclass(frozen=True)
class Outcome:
    """What was done for a certificate, and what went wrong.

    Attributes:
        changed: whether anything changed on the host.
        problem: why the CA issued none; None if it did, or if none was requested.
    """

    changed: bool
    problem: str | None = None


def read_request(path: Path) -> CertificateRequest:
    """Return the certificate that a file requests."""
    return CertificateRequest(**json.loads(path.read_text(encoding="utf-8")))


def request_of(name: str) -> CertificateRequest:
    """Return the certificate of a name that this host must have."""
    return read_request(REQUESTS / name / "wanted.json")


def read_requests() -> list[CertificateRequest]:
    """Return all certificates that this host must have."""
    return [read_request(path) for path in sorted(REQUESTS.glob("*/wanted.json"))]


def ensure(name: str) -> Outcome:
    """Ensure that a certificate is served, if only a stand-in, and record the result.

    Raises:
        DeployError: the certificate cannot be made or served.
    """
    request = request_of(name)
    with exclusive_lock(LOCK, _longest(*read_requests())):
        outcome = _ensure(request)
        _record_attempts({request.name: _attempt_entry(request, outcome.problem)})
    return outcome


def renew() -> list[str]:
    """Renew the certificates of this host that are about to expire, check what is served, and return all problems."""
    with exclusive_lock(LOCK, _longest(*read_requests())):
        requests, problems = read_requests(), []
        with taking.defer_reload():
            results = {request.name: _attempt(_keep, request) for request in requests}
        try:
            taking.reload_if_pending(taking.WINDOW)
        except DeployError as error:
            problems = [str(error)]
        for request in requests:
            results[request.name] = results[request.name] or _attempt(served_error, request)
        _record_attempts({request.name: _attempt_entry(request, results[request.name]) for request in requests})
        return [text for text in results.values() if text] + problems


def _attempt(act: Callable[[CertificateRequest], str | None], request: CertificateRequest) -> str | None:
    """Return what is wrong with one certificate: an error of one must not end the others."""
    try:
        return act(request)
    except (DeployError, OSError, ValueError) as error:
        return f"{request.name}: {error}"


def deployed(lineage: str) -> None:
    """Serve what certbot has just renewed; certbot runs this as its hook.

    Args:
        lineage: the folder of the certificate.
    """
    name = Path(lineage).name
    path = REQUESTS / name / "wanted.json"
    if path.exists():
        _place(read_request(path), *certbot_texts(name))


def _ensure(request: CertificateRequest) -> Outcome:
    restricted = restrict_access(request)
    outcome = _obtain(request)
    return replace(outcome, changed=outcome.changed or restricted)


def _answer_by_itself(request: CertificateRequest) -> None:
    """Make certbot answer the CA by itself from the next renewal on, and keep the certificate that there is.

    It is for an application that leaves nginx, which still has the port on which certbot would answer.
    """
    kept = observe_certificate(request.name)
    if kept is None or (kept.renewal.get("authenticator"), request.renewal.get("authenticator")) != _LEAVES_NGINX:
        return
    if reason_to_request(kept._replace(renewal={**kept.renewal, "authenticator": "standalone"}), request):
        return  # certbot is asked for another one, and writes this down by itself
    file = CERTBOT / "renewal" / f"{request.name}.conf"
    text = re.sub(r"^authenticator *=.*$", "authenticator = standalone", file.read_text("utf-8"), flags=re.MULTILINE)
    write(file, text.encode(), stat.S_IMODE(file.stat().st_mode))


def _obtain(request: CertificateRequest) -> Outcome:
    adopted = former_state.adopt(request)
    _answer_by_itself(request)
    reason = reason_to_act(request)
    if reason is None:
        return Outcome((taking.DEFERRED not in os.environ and taking.reload_if_pending()) or adopted)
    if request.source == "self-signed":
        return Outcome(_make(request, SELF_SIGNED, SELF_SIGNED_DAYS))
    if not reason_to_request(observe_certificate(request.name), request):
        return Outcome(_place(request, *certbot_texts(request.name)))
    findings = check_reachability(request)
    output = _request(request)
    if output is None:
        _place(request, *certbot_texts(request.name))  # unless certbot's hook did
        return Outcome(True)
    changed = False
    if reason_to_make(read_certificate(request.files[0]), request, STAND_IN):
        changed = _make(request, STAND_IN, STAND_IN_DAYS)
    return Outcome(changed, describe_failure(request, output, findings, read_certificate(request.files[0])))


def _keep(request: CertificateRequest) -> str | None:
    """Renew one certificate if it is about to expire; return what went wrong, or None."""
    former_state.adopt(request)
    if request.source == "acme" and not reason_to_request(observe_certificate(request.name), request):
        output = _renew(request)
        if output and is_account_lost(output):
            _forget_account(str(request.renewal.get("server")))
            output = _request(request)
        if output:
            return describe_failure(request, output, [], read_certificate(request.files[0]))
    outcome = _ensure(request)
    if outcome.problem and request.source == "acme":
        _keep_former(request)
    return outcome.problem


def _keep_former(request: CertificateRequest) -> None:
    """Renew the certificate that is served until the CA issues the requested one, such as one with another name."""
    kept = observe_certificate(request.name)
    if kept and not kept.expired:
        _certbot(request, "renew", "--no-random-sleep-on-renew", f"--cert-name={request.name}")
        _place(request, *certbot_texts(request.name))  # unless certbot's hook did


def _renew(request: CertificateRequest) -> str | None:
    """Make certbot renew one certificate if the CA advises it (ARI) or its age requires it; return its complaint."""
    if refusal := _rate_limited(request):
        return refusal
    for _try in range(ATTEMPTS):
        output = _certbot(request, "renew", "--no-random-sleep-on-renew", f"--cert-name={request.name}")
        if output is None or not is_nonce_refused(output):
            break
    return output


def _request_key(request: CertificateRequest) -> RequestKey:
    """Return what a CA counts its limits by."""
    return {"server": request.renewal.get("server"), "domains": sorted(request.domains)}


def _rate_limited(request: CertificateRequest) -> str | None:
    """Return why no request is made: the CA refuses the same request until a later time; None if it does not."""
    last = {entry["name"]: entry["last"] for entry in read_status()}.get(request.name)
    until = wait_until(last, _request_key(request), time.time())
    return f"not asked: the CA's rate limit was reached before, retry after {until}" if until else None


def _request(request: CertificateRequest) -> str | None:
    """Request a certificate from the CA; return what certbot printed if it obtained none, or None."""
    if refusal := _rate_limited(request):
        return refusal
    output = None
    # A file of certbot's options takes one address at most.
    addresses = [f"--ip-address={address}" for address in request.addresses]
    for _try in range(ATTEMPTS):
        output = _certbot(request, "certonly", f"--config={REQUESTS / request.name / 'certbot.ini'}", *addresses)
        if output is None or not (
            is_nonce_refused(output)
            or (is_account_lost(output) and _forget_account(str(request.renewal.get("server"))))
        ):
            break
    return output


def _certbot(request: CertificateRequest, *arguments: str) -> str | None:
    """Run certbot; return what it printed if it failed, or None."""
    environment = {}
    if request.renewal.get("authenticator") == "dns-route53":
        # Its credentials are no option of certbot; without a file it uses those of the host's own role.
        environment["AWS_SHARED_CREDENTIALS_FILE"] = str(REQUESTS / request.name / "dns.ini")
    try:
        done = run_unchecked([PROGRAM, *arguments], environment, timeout=_longest(request))
    except DeployError as error:
        return str(error)
    # It prints about names to one stream, and about failures to the other.
    output = "\n".join(text.strip() for text in (done.stdout, done.stderr) if text.strip())
    return (output or f"nothing, with status {done.returncode}") if done.returncode else None


def _longest(*requests: CertificateRequest) -> int:
    """Return the seconds that certbot may take for one of some certificates, and that others wait for it."""
    options = [(key, text) for request in requests for key, text in request.renewal.items()]
    return CERTBOT_SECONDS + max((int(text or 0) for key, text in options if key.endswith(_PROPAGATION)), default=0)


def _forget_account(server: str) -> bool:
    """Move an account away that the CA does not know any more, so that certbot creates one; return whether it did."""
    folder = CERTBOT / "accounts" / server.partition("://")[2]
    if not folder.is_dir():
        return False
    lost = CERTBOT / "accounts.lost"
    lost.mkdir(mode=0o700, exist_ok=True)
    folder.rename(lost / f"{folder.parent.name}-{int(time.time())}")
    return True


def _make(request: CertificateRequest, kind: str, days: int) -> bool:
    """Make a certificate on the host and serve it; return whether what is served changed."""
    with tempfile.TemporaryDirectory(prefix="asgi-") as folder:
        chain, key = Path(folder, "chain"), Path(folder, "key")
        names = ",".join(f"{'IP' if is_address(name) else 'DNS'}:{name}" for name in request.domains)
        options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", str(days)]
        options += ["-subj", f"/O={kind}", "-addext", f"subjectAltName={names}"]
        options += ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"]
        run(["openssl", "req", "-x509", *options, "-keyout", str(key), "-out", str(chain)])
        return _place(request, chain.read_bytes(), key.read_bytes())


def _place(request: CertificateRequest, chain: bytes, key: bytes) -> bool:
    """Write a certificate where it is served from; return whether it differed.

    nginx is reloaded then. An application reads its certificate again by itself.
    """
    folder = request.files[0].parent
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o750 if request.group else 0o700)
        shutil.chown(folder, group=request.group or "root")
    texts = list(zip(request.files, served_texts(request, chain, key)))
    stale = [(path, text) for path, text in texts if not path.exists() or path.read_bytes() != text]
    if request.group:
        for path, text in stale:
            write(path, text, 0o640, group=request.group)
    elif stale:
        taking.write_served(dict(stale))
    return bool(stale)


def _attempt_entry(request: CertificateRequest, problem: str | None) -> LastAttempt:
    entry: LastAttempt = {"at": time.strftime(MOMENT, time.gmtime()), "ok": problem is None, "text": problem or "ok"}
    if moment := retry_at(problem or ""):
        entry["wait"] = {"until": time.strftime(MOMENT, time.gmtime(moment)), "asked": _request_key(request)}
    return entry


def _record_attempts(attempts: Mapping[str, LastAttempt]) -> None:
    last = {**{entry["name"]: entry["last"] for entry in read_status()}, **attempts}
    requests = read_requests()
    write_status([certificate_status(each, read_certificate(each.files[0]), last.get(each.name)) for each in requests])


def main(arguments: list[str]) -> int:
    """Renew, or run as certbot's hook; print problems and return the exit status."""
    os.umask(0o022)
    try:
        if arguments == ["renew"]:
            problems = renew()
        else:
            deployed(os.environ["RENEWED_LINEAGE"])
            problems = []
    except (DeployError, OSError) as error:
        problems = [str(error)]
    for text in problems:
        sys.stderr.write(f"{text}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
