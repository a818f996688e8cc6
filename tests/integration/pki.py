"""A small CA of a user's own: a certificate for a server, and one for a visitor."""

from __future__ import annotations

from pathlib import Path

from tests.lab.process import run

_EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "30"]


def make(folder: Path, domain: str) -> None:
    """Write ca.pem, and server and client as .pem and .key."""
    folder.mkdir(parents=True, exist_ok=True)
    _openssl(folder, "ca", "/CN=Test CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    issue(folder, "server", domain)
    issue(folder, "client", "visitor.example.test")


def issue(folder: Path, name: str, domain: str) -> None:
    """Write a certificate for a name, signed by the CA."""
    signed = ["-CA", str(folder / "ca.pem"), "-CAkey", str(folder / "ca.key")]
    names = ["-addext", f"subjectAltName=DNS:{domain}", "-addext", "basicConstraints=critical,CA:FALSE"]
    _openssl(folder, name, f"/CN={domain}", *signed, *names)


def _openssl(folder: Path, name: str, subject: str, *more: str) -> None:
    written = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
    run(["openssl", "req", "-x509", *_EC, *written, "-subj", subject, *more])
