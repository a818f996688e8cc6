"""Pebble, Let's Encrypt's own test server, and the DNS it asks.

There is one of each per machine, on the bridge's address; the labs share it, and it ends with the last lab
that asked for it. Its own HTTPS listener gets a certificate from an authority made here: clients have to be
configured to trust that one, while the issued certificates come from a root that pebble makes at each start.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.lab.network import GATEWAY
from tests.lab.process import LabError, run, tail, wait_for
from tests.lab.state import (
    ACME,
    LABS,
    lab_names,
    read_json,
    read_process,
    remove_tree,
    start_service,
    write_json,
    write_text,
)

DIRECTORY = f"https://{GATEWAY}:14000/dir"
MANAGEMENT = f"https://{GATEWAY}:15000"
DNS = f"{GATEWAY}:8053"
DNS_MANAGEMENT = f"{GATEWAY}:8055"
HTTPS_CA, ROOT = "acme-https-ca.pem", "acme-root.pem"

# Python 3.13 and later refuse an authority without keyUsage and a leaf without authorityKeyIdentifier.
OPENSSL_CONF = f"""
[req]
distinguished_name = name
prompt = no
[name]
CN = asgi.deploy lab
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = IP:{GATEWAY},DNS:acme.test
"""


@dataclass(frozen=True)
class Options:
    """How pebble behaves; a change restarts it, and it then forgets accounts and root."""

    nonce_reject: int = 0  # percent; its own default is 5, a good test of a client by itself
    validity: int = 90 * 86400  # seconds


def up(lab: str, options: Options, *, force: bool = False) -> list[str]:
    """Start what does not run, and give the lab the certificates to trust; return notes on what was done."""
    notes = []
    ACME.mkdir(parents=True, exist_ok=True)
    make_certificates(ACME)
    if read_process(ACME / "dns.json") is None:
        usage = run(["pebble-challtestsrv", "-help"], check=False).stderr
        start_service(ACME / "dns", _dns_command(usage))
    running = read_process(ACME / "pebble.json")
    if running and read_json(ACME / "options.json") != asdict(options):
        others = [user for user in users() if user != lab]
        if others and not force:
            raise LabError(
                f"pebble runs with other options for {', '.join(others)} and would forget their accounts "
                "and root: wait for their end, or add --restart"
            )
        running.end()
        running = None
        notes.append("pebble restarted with other options: its accounts and its root are new")
    if running is None:
        more = {"ocspResponderURL": "", "externalAccountBindingRequired": False}
        write_text(ACME / "config.json", config(14000, 15000, **more, certificateValidityPeriod=options.validity))
        command = ["pebble", "-config", str(ACME / "config.json"), "-dnsserver", DNS]
        start_service(ACME / "pebble", command, environment(options.nonce_reject))
        write_json(ACME / "options.json", asdict(options))
    root = _root_certificate()
    for name in {lab, *users()}:
        write_text(LABS / name / HTTPS_CA, (ACME / "ca.pem").read_text())
        write_text(LABS / name / ROOT, root)
    return notes


def users() -> list[str]:
    """Return the labs that asked for an ACME server."""
    return [lab for lab in lab_names() if (LABS / lab / HTTPS_CA).exists()]


def leave(lab: str) -> None:
    """Remove a lab from the users of the ACME server; it ends with the last one."""
    for name in (HTTPS_CA, ROOT):
        (LABS / lab / name).unlink(missing_ok=True)
    if not users():
        down()


def down() -> None:
    """End it and forget all of it."""
    for name in ("pebble", "dns"):
        process = read_process(ACME / f"{name}.json")
        if process:
            process.end()
    remove_tree(ACME)


def set_address(name: str, addresses: Iterable[str]) -> None:
    """Point a domain name to these addresses, as pebble sees it."""
    if read_process(ACME / "dns.json") is None:
        raise LabError("the ACME server does not run: `acme up --lab NAME` starts it")
    _post("/clear-a", {"host": name})
    _post("/add-a", {"host": name, "addresses": list(addresses)})


def _post(path: str, data: dict[str, object]) -> None:
    connection = http.client.HTTPConnection(DNS_MANAGEMENT, timeout=10)
    try:
        connection.request("POST", path, json.dumps(data))
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != http.client.OK:
        raise LabError(f"the ACME server's DNS answers {status} to {path}")


def config(port: int, management: int, **more: object) -> str:
    """Return a pebble's configuration: it listens on the bridge's address, with the certificate made here."""
    common = {
        "listenAddress": f"{GATEWAY}:{port}",
        "managementListenAddress": f"{GATEWAY}:{management}",
        "certificate": str(ACME / "leaf.pem"),
        "privateKey": str(ACME / "leaf.key"),
        "httpPort": 80,
        "tlsPort": 443,
    }
    return json.dumps({"pebble": {**common, **more}}, indent=2)


def environment(nonce_reject: int) -> dict[str, str]:
    """Return a pebble's environment, with the share of nonces that it refuses, in percent."""
    return {
        "PEBBLE_WFE_NONCEREJECT": str(nonce_reject),
        "PEBBLE_VA_NOSLEEP": "1",
        # Half of all authorizations would be reused at random, and their challenges not be tested.
        "PEBBLE_AUTHZREUSE": "0",
    }


def flag(name: str, usage: str) -> str | None:
    """Return the flag's name in the installed version: newer ones spell some of them longer (``-http01addr``)."""
    expected = name.lower()
    names: list[str] = re.findall(r"^\s+--?([A-Za-z0-9-]+)", usage, re.MULTILINE)
    plain = {name: name.replace("-", "").lower() for name in names}
    exact = [name for name in names if plain[name] == expected]
    return next(iter(exact + [name for name in names if plain[name].startswith(expected)]), None)


def _dns_command(usage: str) -> list[str]:
    settings = {
        "dns01": DNS,
        "management": DNS_MANAGEMENT,
        # It serves only as a DNS server: hosts answer their challenges themselves.
        "http01": "",
        "https01": "",
        "tlsalpn01": "",
        "doh": "",
        # Unknown names have no address: a forgotten record must not end at a loopback address.
        "defaultipv4": "",
        "defaultipv6": "",
    }
    command = ["pebble-challtestsrv"]
    for name, value in settings.items():
        result = flag(name, usage)
        if result:
            command.append(f"-{result}={value}")
        elif name in ("dns01", "management"):
            raise LabError(f"pebble-challtestsrv has no option like -{name}:\n{tail(usage, 30)}")
    return command


def make_certificates(folder: Path) -> None:
    """Make an authority in a folder, as ca.pem, and what it signed for the bridge's address, leaf.pem and leaf.key."""
    if (folder / "leaf.pem").exists():
        return
    write_text(folder / "openssl.cnf", OPENSSL_CONF)
    new = ["openssl", "req", "-new", "-config", str(folder / "openssl.cnf"), "-nodes"]
    new += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    authority = ["-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.pem"), "-days", "3650"]
    run([*new, "-x509", "-extensions", "ca", *authority])
    run([*new, "-subj", "/CN=acme.test", "-keyout", str(folder / "leaf.key"), "-out", str(folder / "leaf.csr")])
    sign = ["openssl", "x509", "-req", "-in", str(folder / "leaf.csr"), "-days", "3650"]
    sign += ["-CA", str(folder / "ca.pem"), "-CAkey", str(folder / "ca.key"), "-CAcreateserial"]
    sign += ["-extfile", str(folder / "openssl.cnf"), "-extensions", "leaf", "-out", str(folder / "leaf.part")]
    run(sign)
    (folder / "leaf.part").rename(folder / "leaf.pem")


def _root_certificate() -> str:
    context = ssl.create_default_context(cafile=str(ACME / "ca.pem"))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    result: list[str] = []

    def answered() -> bool:
        try:
            with opener.open(f"{MANAGEMENT}/roots/0", timeout=5) as answer:
                result.append(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return read_process(ACME / "pebble.json") is None
        return True

    if not wait_for(answered, 20, 0.1) or not result:
        log = tail((ACME / "pebble.log").read_text(errors="replace"), 15)
        raise LabError(f"pebble does not answer at {MANAGEMENT}\n{log}")
    return result[0]
