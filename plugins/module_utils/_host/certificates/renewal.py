"""Has the certificates that a host shall have, and keeps them; the role's module and the timer run the same code.

On the host it is started with `python3 -m`, by its dotted name: `renew`, or `deployed` as certbot's hook.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates import taking
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
    describe_failure,
    is_account_lost,
    is_nonce_refused,
    observe_certificate,
    read_certificate,
    reason_to_act,
    reason_to_make,
    reason_to_request,
    retry_at,
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
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import ACME_CA, CERTBOT_PROGRAM

PROGRAM = str(CERTBOT_PROGRAM)
LOCK = Path("/run/asgi-certificates.lock")  # of a run and the timer: certbot refuses a second one beside it
CA = Path(ACME_CA)
_PROPAGATION = "_propagation_seconds"  # how certbot's options for that end
CERTBOT_SECONDS = 600  # and what a record of DNS takes to be seen
ATTEMPTS = 3


@dataclass(frozen=True)
class Outcome:
    """What was done for a certificate, and what went wrong."""

    changed: bool
    problem: str | None = None


def read_request(path: Path) -> CertificateRequest:
    return CertificateRequest(**json.loads(path.read_text(encoding="utf-8")))


def read_requests() -> list[CertificateRequest]:
    return [read_request(path) for path in sorted(REQUESTS.glob("*/wanted.json"))]


def ensure(name: str) -> Outcome:
    """Has one certificate, if only a stand-in, and notes what came of it."""
    wanted = read_request(REQUESTS / name / "wanted.json")
    with exclusive_lock(LOCK, _longest(*read_requests())):
        outcome = _ensure(wanted)
        _note_results({wanted.name: _result(wanted, outcome.problem)})
    return outcome


def renew() -> list[str]:
    """Renews what is due on this host, looks at what is served, and gives all that is wrong."""
    with exclusive_lock(LOCK, _longest(*read_requests())):
        certificates = read_requests()
        # Those that somebody else keeps with certbot on this host.
        others = {path.stem for path in (CERTBOT / "renewal").glob("*.conf")} - {one.name for one in certificates}
        with taking.defer_reload():
            results = {wanted.name: _attempt(_keep, wanted) for wanted in certificates}
            problems = [text for name in sorted(others) if (text := _renew(name))]
        try:
            taking.reload_if_pending(taking.WINDOW)
        except DeployError as error:
            problems.insert(0, str(error))
        for wanted in certificates:
            results[wanted.name] = results[wanted.name] or _attempt(served_error, wanted)
        _note_results({wanted.name: _result(wanted, results[wanted.name]) for wanted in certificates})
        return [text for text in results.values() if text] + problems


def _attempt(act: Callable[[CertificateRequest], str | None], wanted: CertificateRequest) -> str | None:
    """Gives what is wrong with one certificate: one that cannot be read must not end the others."""
    try:
        return act(wanted)
    except (DeployError, OSError, ValueError) as error:
        return f"{wanted.name}: {error}"


def deployed(lineage: str) -> None:
    """Serves what certbot has just renewed; it runs this as its hook."""
    name = Path(lineage).name
    path = REQUESTS / name / "wanted.json"
    if path.exists():
        _place(read_request(path), *certbot_texts(name))
    else:
        taking.note_renewed(lineage)


def _ensure(wanted: CertificateRequest) -> Outcome:
    restricted = restrict_access(wanted)
    outcome = _obtain(wanted)
    return replace(outcome, changed=outcome.changed or restricted)


def _obtain(wanted: CertificateRequest) -> Outcome:
    reason = reason_to_act(wanted)
    if reason is None:
        return Outcome(taking.DEFERRED not in os.environ and taking.reload_if_pending())
    if wanted.source == "self-signed":
        return Outcome(_make(wanted, SELF_SIGNED, SELF_SIGNED_DAYS))
    if not reason_to_request(observe_certificate(wanted.name), wanted):
        return Outcome(_place(wanted, *certbot_texts(wanted.name)))
    findings = check_reachability(wanted)
    said = _request(wanted)
    if said is None:
        _place(wanted, *certbot_texts(wanted.name))  # unless certbot's hook did
        return Outcome(True)
    changed = False
    if reason_to_make(read_certificate(wanted.files[0]), wanted, STAND_IN):
        changed = _make(wanted, STAND_IN, STAND_IN_DAYS)
    return Outcome(changed, describe_failure(wanted, said, findings, read_certificate(wanted.files[0])))


def _keep(wanted: CertificateRequest) -> str | None:
    """Renews one certificate if it is due; gives what went wrong."""
    if wanted.source == "acme" and not reason_to_request(observe_certificate(wanted.name), wanted):
        said = _renew(wanted.name, wanted)
        if said and is_account_lost(said):
            _forget_account(str(wanted.renewal.get("server")))
            said = _request(wanted)
        if said:
            return describe_failure(wanted, said, [], read_certificate(wanted.files[0]))
    outcome = _ensure(wanted)
    if outcome.problem and wanted.source == "acme":
        _keep_former(wanted)
    return outcome.problem


def _keep_former(wanted: CertificateRequest) -> None:
    """Renews the certificate that is served until the CA gives what is asked for now, such as one with a name more."""
    found = observe_certificate(wanted.name)
    if found and not found["expired"]:
        _certbot(wanted, "renew", "--no-random-sleep-on-renew", f"--cert-name={wanted.name}")
        _place(wanted, *certbot_texts(wanted.name))  # unless certbot's hook did


def _renew(name: str, wanted: CertificateRequest | None = None) -> str | None:
    """Has certbot renew one certificate, if it is due by the CA's own advice (ARI) or its age; gives what it says."""
    if wanted and (told := _rate_limited(wanted)):
        return told
    for _attempt in range(ATTEMPTS):
        said = _certbot(wanted, "renew", "--no-random-sleep-on-renew", f"--cert-name={name}")
        if said is None or not is_nonce_refused(said):
            break
    return said


def _request_key(wanted: CertificateRequest) -> dict[str, Any]:
    """What a CA's limits count by."""
    return {"server": wanted.renewal.get("server"), "domains": sorted(wanted.domains)}


def _rate_limited(wanted: CertificateRequest) -> str | None:
    """What is said in place of asking a CA that wants to be left alone until later."""
    last = {entry["name"]: entry["last"] for entry in read_status()}.get(wanted.name)
    until = wait_until(last, _request_key(wanted), time.time())
    return f"not asked: the CA's rate limit was reached before, retry after {until}" if until else None


def _request(wanted: CertificateRequest) -> str | None:
    """Asks the CA; gives what certbot says when it got no certificate."""
    if told := _rate_limited(wanted):
        return told
    said = None
    # In a file certbot takes one address at most.
    addresses = [f"--ip-address={address}" for address in wanted.addresses]
    for _attempt in range(ATTEMPTS):
        said = _certbot(wanted, "certonly", f"--config={REQUESTS / wanted.name / 'certbot.ini'}", *addresses)
        if said is None or not (
            is_nonce_refused(said) or (is_account_lost(said) and _forget_account(str(wanted.renewal.get("server"))))
        ):
            break
    return said


def _certbot(wanted: CertificateRequest | None, *arguments: str) -> str | None:
    environment = {"REQUESTS_CA_BUNDLE": str(CA)} if CA.exists() else {}
    if wanted and wanted.renewal.get("authenticator") == "dns-route53":
        # Its credentials are no option of certbot's; without a file it takes those of the host's own role.
        environment["AWS_SHARED_CREDENTIALS_FILE"] = str(REQUESTS / wanted.name / "dns.ini")
    try:
        done = run_unchecked([PROGRAM, *arguments], environment, timeout=_longest(wanted))
    except DeployError as error:
        return str(error)
    # What it says of names is on one, what it says of failures on the other.
    said = "\n".join(text.strip() for text in (done.stdout, done.stderr) if text.strip())
    return (said or f"nothing, with status {done.returncode}") if done.returncode else None


def _longest(*certificates: CertificateRequest | None) -> int:
    """Seconds that certbot may take for one of some certificates, and so others for it."""
    options = [(key, text) for one in certificates if one for key, text in one.renewal.items()]
    return CERTBOT_SECONDS + max((int(text or 0) for key, text in options if key.endswith(_PROPAGATION)), default=0)


def _forget_account(server: str) -> bool:
    """Moves away what the CA does not know any more, so that certbot makes an account anew."""
    folder = CERTBOT / "accounts" / server.partition("://")[2]
    if not folder.is_dir():
        return False
    aside = CERTBOT / "accounts.lost"
    aside.mkdir(mode=0o700, exist_ok=True)
    folder.rename(aside / f"{folder.parent.name}-{int(time.time())}")
    return True


def _make(wanted: CertificateRequest, kind: str, days: int) -> bool:
    """Makes a certificate on the host and serves it."""
    with tempfile.TemporaryDirectory(prefix="asgi-") as folder:
        chain, key = Path(folder, "chain"), Path(folder, "key")
        names = ",".join(f"{'IP' if is_address(name) else 'DNS'}:{name}" for name in wanted.domains)
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", str(days)]
        new += ["-subj", f"/O={kind}", "-addext", f"subjectAltName={names}"]
        new += ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"]
        run(["openssl", "req", "-x509", *new, "-keyout", str(key), "-out", str(chain)])
        return _place(wanted, chain.read_bytes(), key.read_bytes())


def _place(wanted: CertificateRequest, chain: bytes, key: bytes) -> bool:
    """Puts a certificate where it is served from, and has nginx take it; an application does by itself."""
    folder = wanted.files[0].parent
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o750 if wanted.group else 0o700)
        shutil.chown(folder, group=wanted.group or "root")
    found = list(zip(wanted.files, served_texts(wanted, chain, key)))
    stale = [(path, text) for path, text in found if not path.exists() or path.read_bytes() != text]
    if wanted.group:
        for path, text in stale:
            write(path, text, 0o640, group=wanted.group)
    elif stale:
        taking.write_served(dict(stale))
    return bool(stale)


def _result(wanted: CertificateRequest, text: str | None) -> dict[str, Any]:
    result = {"at": time.strftime(MOMENT, time.gmtime()), "ok": text is None, "text": text or "ok"}
    if moment := retry_at(text or ""):
        result["wait"] = {"until": time.strftime(MOMENT, time.gmtime(moment)), "asked": _request_key(wanted)}
    return result


def _note_results(results: Mapping[str, dict[str, Any]]) -> None:
    last = {**{entry["name"]: entry["last"] for entry in read_status()}, **results}
    entries = [certificate_status(one, read_certificate(one.files[0]), last.get(one.name)) for one in read_requests()]
    write_status(entries)


def main(arguments: list[str]) -> int:
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
