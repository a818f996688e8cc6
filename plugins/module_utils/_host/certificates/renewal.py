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
    SELF_SIGNED,
    SELF_SIGNED_DAYS,
    STAND_IN,
    STAND_IN_DAYS,
    WANTED,
    Wanted,
    account_lost,
    due,
    live_texts,
    nonce_refused,
    observe_certificate,
    problem,
    read_certificate,
    reason_to_act,
    retry_at,
    self_signed_due,
    served_texts,
    status_of,
    told_to_wait,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.file_access import restrict_access
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.reachability import look_before
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.served import served_error
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.status import read_status, write_status
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import attempt, run
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.locks import alone
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


def read_wanted(path: Path) -> Wanted:
    return Wanted(**json.loads(path.read_text(encoding="utf-8")))


def all_wanted() -> list[Wanted]:
    return [read_wanted(path) for path in sorted(WANTED.glob("*/wanted.json"))]


def have(name: str) -> Outcome:
    """Has one certificate, if only a stand-in, and notes what came of it."""
    wanted = read_wanted(WANTED / name / "wanted.json")
    with alone(LOCK, _patience(*all_wanted())):
        outcome = _had(wanted)
        _note_results({wanted.name: _result(wanted, outcome.problem)})
    return outcome


def renew() -> list[str]:
    """Renews what is due on this host, looks at what is served, and gives all that is wrong."""
    with alone(LOCK, _patience(*all_wanted())):
        certificates = all_wanted()
        # Those that somebody else keeps with certbot on this host.
        others = {path.stem for path in (CERTBOT / "renewal").glob("*.conf")} - {one.name for one in certificates}
        with taking.later():
            results = {wanted.name: _attempted(_kept, wanted) for wanted in certificates}
            problems = [text for name in sorted(others) if (text := _renewed(name))]
        try:
            taking.take_pending(taking.WINDOW)
        except DeployError as error:
            problems.insert(0, str(error))
        for wanted in certificates:
            results[wanted.name] = results[wanted.name] or _attempted(served_error, wanted)
        _note_results({wanted.name: _result(wanted, results[wanted.name]) for wanted in certificates})
        return [text for text in results.values() if text] + problems


def _attempted(act: Callable[[Wanted], str | None], wanted: Wanted) -> str | None:
    """Gives what is wrong with one certificate: one that cannot be read must not end the others."""
    try:
        return act(wanted)
    except (DeployError, OSError, ValueError) as error:
        return f"{wanted.name}: {error}"


def deployed(lineage: str) -> None:
    """Serves what certbot has just renewed; it runs this as its hook."""
    name = Path(lineage).name
    path = WANTED / name / "wanted.json"
    if path.exists():
        _place(read_wanted(path), *live_texts(name))
    else:
        taking.place_of_others(lineage)


def _had(wanted: Wanted) -> Outcome:
    restricted = restrict_access(wanted)
    outcome = _obtained(wanted)
    return replace(outcome, changed=outcome.changed or restricted)


def _obtained(wanted: Wanted) -> Outcome:
    reason = reason_to_act(wanted)
    if reason is None:
        return Outcome(taking.LATER not in os.environ and taking.take_pending())
    if wanted.source == "self-signed":
        return Outcome(_make(wanted, SELF_SIGNED, SELF_SIGNED_DAYS))
    if not due(observe_certificate(wanted.name), wanted):
        return Outcome(_place(wanted, *live_texts(wanted.name)))
    findings = look_before(wanted)
    said = _ask(wanted)
    if said is None:
        _place(wanted, *live_texts(wanted.name))  # unless certbot's hook did
        return Outcome(True)
    changed = False
    if self_signed_due(read_certificate(wanted.files[0]), wanted, STAND_IN):
        changed = _make(wanted, STAND_IN, STAND_IN_DAYS)
    return Outcome(changed, problem(wanted, said, findings, read_certificate(wanted.files[0])))


def _kept(wanted: Wanted) -> str | None:
    """Renews one certificate if it is due; gives what went wrong."""
    if wanted.source == "acme" and not due(observe_certificate(wanted.name), wanted):
        said = _renewed(wanted.name, wanted)
        if said and account_lost(said):
            _forget_account(str(wanted.renewal.get("server")))
            said = _ask(wanted)
        if said:
            return problem(wanted, said, [], read_certificate(wanted.files[0]))
    outcome = _had(wanted)
    if outcome.problem and wanted.source == "acme":
        _keep_former(wanted)
    return outcome.problem


def _keep_former(wanted: Wanted) -> None:
    """Renews the certificate that is served until the CA gives what is asked for now, such as one with a name more."""
    found = observe_certificate(wanted.name)
    if found and not found["expired"]:
        _certbot(wanted, "renew", "--no-random-sleep-on-renew", f"--cert-name={wanted.name}")
        _place(wanted, *live_texts(wanted.name))  # unless certbot's hook did


def _renewed(name: str, wanted: Wanted | None = None) -> str | None:
    """Has certbot renew one certificate, if it is due by the CA's own advice (ARI) or its age; gives what it says."""
    if wanted and (told := _waits(wanted)):
        return told
    for _attempt in range(ATTEMPTS):
        said = _certbot(wanted, "renew", "--no-random-sleep-on-renew", f"--cert-name={name}")
        if said is None or not nonce_refused(said):
            break
    return said


def _asked(wanted: Wanted) -> dict[str, Any]:
    """What a CA's limits count by."""
    return {"server": wanted.renewal.get("server"), "domains": sorted(wanted.domains)}


def _waits(wanted: Wanted) -> str | None:
    """What is said in place of asking a CA that wants to be left alone until later."""
    last = {entry["name"]: entry["last"] for entry in read_status()}.get(wanted.name)
    until = told_to_wait(last, _asked(wanted), time.time())
    return f"not asked: the CA's rate limit was reached before, retry after {until}" if until else None


def _ask(wanted: Wanted) -> str | None:
    """Asks the CA; gives what certbot says when it got no certificate."""
    if told := _waits(wanted):
        return told
    said = None
    # In a file certbot takes one address at most.
    addresses = [f"--ip-address={address}" for address in wanted.addresses]
    for _attempt in range(ATTEMPTS):
        said = _certbot(wanted, "certonly", f"--config={WANTED / wanted.name / 'certbot.ini'}", *addresses)
        if said is None or not (
            nonce_refused(said) or (account_lost(said) and _forget_account(str(wanted.renewal.get("server"))))
        ):
            break
    return said


def _certbot(wanted: Wanted | None, *arguments: str) -> str | None:
    environment = {"REQUESTS_CA_BUNDLE": str(CA)} if CA.exists() else {}
    if wanted and wanted.renewal.get("authenticator") == "dns-route53":
        # Its credentials are no option of certbot's; without a file it takes those of the host's own role.
        environment["AWS_SHARED_CREDENTIALS_FILE"] = str(WANTED / wanted.name / "dns.ini")
    try:
        done = attempt([PROGRAM, *arguments], environment, timeout=_patience(wanted))
    except DeployError as error:
        return str(error)
    # What it says of names is on one, what it says of failures on the other.
    said = "\n".join(text.strip() for text in (done.stdout, done.stderr) if text.strip())
    return (said or f"nothing, with status {done.returncode}") if done.returncode else None


def _patience(*certificates: Wanted | None) -> int:
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


def _make(wanted: Wanted, kind: str, days: int) -> bool:
    """Makes a certificate on the host and serves it."""
    with tempfile.TemporaryDirectory(prefix="asgi-") as folder:
        chain, key = Path(folder, "chain"), Path(folder, "key")
        names = ",".join(f"{'IP' if is_address(name) else 'DNS'}:{name}" for name in wanted.domains)
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", str(days)]
        new += ["-subj", f"/O={kind}", "-addext", f"subjectAltName={names}"]
        new += ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"]
        run(["openssl", "req", "-x509", *new, "-keyout", str(key), "-out", str(chain)])
        return _place(wanted, chain.read_bytes(), key.read_bytes())


def _place(wanted: Wanted, chain: bytes, key: bytes) -> bool:
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
        taking.place(dict(stale))
    return bool(stale)


def _result(wanted: Wanted, text: str | None) -> dict[str, Any]:
    result = {"at": time.strftime(MOMENT, time.gmtime()), "ok": text is None, "text": text or "ok"}
    if moment := retry_at(text or ""):
        result["wait"] = {"until": time.strftime(MOMENT, time.gmtime(moment)), "asked": _asked(wanted)}
    return result


def _note_results(results: Mapping[str, dict[str, Any]]) -> None:
    last = {**{entry["name"]: entry["last"] for entry in read_status()}, **results}
    entries = [status_of(one, read_certificate(one.files[0]), last.get(one.name)) for one in all_wanted()]
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
