"""A host's site whose certificate the tests inspect, renew, and obtain from every kind of CA."""

from __future__ import annotations

import json
import shlex
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.integration.conftest import Web
from tests.integration.hosts import HOSTS, LAB, Run, playbook

INVENTORY = ROOT / "molecule" / "certificates" / "inventory.yml"
CERTBOT = "/opt/asgi/bin/certbot"
FOLDER = "/etc/asgi-deploy/certificates/secure"
COMBINED = "/etc/asgi-deploy/tls/secure/combined.pem"
RENEWAL, TIMER = "asgi-certificates.service", "asgi-certificates.timer"
APT = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=60 install --no-install-recommends"


@dataclass(frozen=True)
class Secure(Web):
    """The application `secure` on a host, and the root that its visitors trust."""

    root: Path = LAB.acme_root

    @property
    def ca(self) -> Path:
        return self.root

    def playbook(self, *arguments: str, **variables: Any) -> Run:
        """Run the playbook only for this application, with these variables besides."""
        app = {
            "name": "secure",
            "git": "{{ shop_repository }}",
            "version": "v1.0.0",
            "module": "shop.main:app",
            "domains": variables.pop("domains", [self.domain]),
            "gate": {"path": "/ready"},
            "workers": 1,
            "watch": {"seconds": 1},
            "site": {"rate": "none"},
        }
        extra = json.dumps({"asgi_apps": [app], **variables})
        limits = (f"--limit={self.host.name}", f"--extra-vars={extra}")
        return playbook(*limits, *arguments, inventories=(HOSTS, INVENTORY))

    def shown(self, name: str | None = "") -> str:
        """Return the certificate that a visitor is shown who asks by a name, or by none, in OpenSSL's words."""
        name = self.domain if name == "" else name
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.create_connection((self.host.address, 443), timeout=60)
        with raw, context.wrap_socket(raw, server_hostname=name) as connection:
            pem = ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True) or b"")
            host = name or self.host.address
            connection.sendall(f"GET /version HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            assert connection.recv(12) == b"HTTP/1.1 200"
        return self.host.run(f"openssl x509 -noout -text <<'EOF'\n{pem}EOF").stdout

    def status(self, name: str = "secure") -> dict[str, Any]:
        """Return what monitors read."""
        entries = json.loads(self.host.run("cat /var/lib/asgi-deploy/certificates.json").stdout)["certificates"]
        result: dict[str, Any] = next(entry for entry in entries if entry["name"] == name)
        return result

    def renew(self, *, fails: bool = False) -> str:
        """Run the timer's service, and return what it logged."""
        started = self.host.run(f"systemctl start {RENEWAL}", check=False, timeout=240)
        log = self.host.run(f"journalctl --no-pager --unit={RENEWAL} --lines=40").stdout
        assert (started.returncode != 0) == fails, log
        return log

    def forget(self) -> None:
        """Make the host forget that it asked for the certificate; what is served stays, as nginx's configuration names
        it.
        """
        self.host.run(f"{CERTBOT} delete --non-interactive --cert-name=secure; rm -rf {FOLDER}")
        self.host.run("rm -f /var/lib/asgi-deploy/certificates.json")

    @contextmanager
    def edited(self, path: str, script: str) -> Iterator[None]:
        """Edit a file of the host with sed, and restore it afterwards."""
        self.host.run(f"cp -a {path} {path}.kept && sed -i '{script}' {path}")
        try:
            yield
        finally:
            self.host.run(f"mv {path}.kept {path}")

    @contextmanager
    def later(self, shift: str) -> Iterator[None]:
        """Run the renewal service, with all that it starts, at a later time, as in +62d.

        The kernel's clock is one for all hosts: libfaketime moves what these processes read. The CA's clock stays;
        what it says of when to renew is a moment, which comes nearer.
        """
        library = self.host.run(
            f"command -v faketime >/dev/null || {APT} faketime; ls /usr/lib/*/faketime/libfaketimeMT.so.1"
        )
        moved = {"LD_PRELOAD": library.stdout.split()[-1], "FAKETIME": shift}
        lines = "".join(f"Environment={name}={value}\n" for name, value in moved.items())
        folder = f"/run/systemd/system/{RENEWAL}.d"
        self.host.run(
            f"mkdir -p {folder} && cat >{folder}/clock.conf && systemctl daemon-reload", stdin=f"[Service]\n{lines}"
        )
        try:
            yield
        finally:
            self.host.run(f"rm -r {folder} && systemctl daemon-reload")

    def timer_fires(self) -> None:
        """Make the timer start its service now, and wait until the service ends."""
        folder = f"/run/systemd/system/{TIMER}.d"
        now = "[Timer]\nOnCalendar=\nRandomizedDelaySec=0\nAccuracySec=1s\nOnActiveSec=1s\n"
        before = self._invocation()
        self.host.run(f"mkdir -p {folder} && cat >{folder}/now.conf && systemctl daemon-reload", stdin=now)
        self.host.run(f"systemctl restart {TIMER}")
        deadline = time.monotonic() + 240
        while self._invocation() == before or self._property("ActiveState") == "activating":
            assert time.monotonic() < deadline, "the timer did not start its service"
            time.sleep(0.5)
        self.host.run(f"rm -r {folder} && systemctl daemon-reload && systemctl restart {TIMER}")
        log = self.host.run(f"journalctl --no-pager --unit={RENEWAL} --lines=40").stdout
        assert self._property("Result") == "success", log

    def _invocation(self) -> str:
        return self._property("InvocationID")

    def _property(self, name: str) -> str:
        return self.host.run(f"systemctl show --value --property={shlex.quote(name)} {RENEWAL}").stdout.strip()
