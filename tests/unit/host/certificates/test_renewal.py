"""What keeps certificates on a host without Ansible."""

from __future__ import annotations

import dataclasses
import json
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates import certificate as certificates
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates import renewal, served, status, taking
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    CertificateRequest,
    Lineage,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import pending_units


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where a host keeps what it knows of its certificates, and one that was given to it."""
    for module, name, place in (
        (renewal, "REQUESTS", "requests"),
        (status, "STATUS", "certificates.json"),
        (renewal, "LOCK", "lock"),
        (renewal, "CERTBOT", "certbot"),
        (served, "LISTENERS", "https.conf"),
    ):
        monkeypatch.setattr(module, name, tmp_path / place)
    monkeypatch.setattr(certificates, "PLACED", tmp_path / "tls")
    monkeypatch.setattr(served, "SERVED_SECONDS", 0)
    (tmp_path / "tls" / "shop").mkdir(parents=True)
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -subj /CN=shop.example.com"
    files = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "chain")]
    subprocess.run([*make.split(), *files], check=True, capture_output=True)
    return tmp_path


def want(host: Path, **changes: object) -> CertificateRequest:
    """Write the certificate that the host must have."""
    request = CertificateRequest("shop", ["shop.example.com"], "given", **changes)  # type: ignore[arg-type]
    (host / "requests" / "shop").mkdir(parents=True)
    (host / "requests" / "shop" / "wanted.json").write_text(json.dumps(dataclasses.asdict(request)))
    return request


@pytest.mark.parametrize("before", ["", "Bag Attributes\n    friendlyName: ünser Schlüssel\n"])
@pytest.mark.parametrize("proxy_protocol", [False, True])
def test_what_is_served_is_compared_with_what_is_given(host: Path, before: str, proxy_protocol: bool) -> None:
    """By a server on the loopback that wants the PROXY protocol, or does not."""
    chain, greeting = (host / "chain").read_text(), []
    (host / "tls" / "shop" / "combined.pem").write_bytes((before + chain).encode("latin-1"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(host / "chain", host / "key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        want(host, port=server.getsockname()[1])
        listens = f"# What every server begins with.\nlisten 443 ssl{' proxy_protocol' if proxy_protocol else ''};\n"
        (host / "https.conf").write_text(listens)

        def serve() -> None:
            raw, _address = server.accept()
            if proxy_protocol:
                greeting.append(raw.recv(len(b"PROXY UNKNOWN\r\n")))
            with context.wrap_socket(raw, server_side=True):
                pass

        thread = threading.Thread(target=serve)
        thread.start()
        assert renewal.renew() == []
        thread.join(10)
    assert greeting == ([b"PROXY UNKNOWN\r\n"] if proxy_protocol else [])


def test_one_that_cannot_be_read_does_not_end_the_others(host: Path) -> None:
    want(host, port=1)
    shutil.copytree(host / "requests" / "shop", host / "requests" / "blog")
    (host / "requests" / "blog" / "wanted.json").write_text(
        json.dumps(dataclasses.asdict(CertificateRequest("blog", ["a.example.com"], "given")))
    )
    (host / "tls" / "blog").mkdir()
    (host / "tls" / "blog" / "combined.pem").write_text("no certificate\n")
    (host / "tls" / "shop" / "combined.pem").write_text((host / "chain").read_text())
    (host / "certificates.json").write_text("{")  # another program wrote there
    output = renewal.renew()
    assert [text.partition(":")[0] for text in output] == ["blog", "shop"]
    assert "contains no certificate" in output[0] and "nothing is served" in output[1]
    assert {entry["name"] for entry in json.loads((host / "certificates.json").read_text())["certificates"]} == {
        "blog",
        "shop",
    }


def test_what_is_served_is_renewed_while_the_ca_refuses_another(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user added a name whose DNS is not ready."""
    asked: list[str] = []

    def certbot(_request: object, command: str, *_arguments: str) -> str | None:
        asked.append(command)
        return "no address" if command == "certonly" else None

    former = certificates.Lineage(["shop.example.com"], {}, expired=False)
    for module in (certificates, renewal):
        monkeypatch.setattr(module, "observe_certificate", lambda _name: former)
    monkeypatch.setattr(renewal, "_certbot", certbot)
    monkeypatch.setattr(renewal, "check_reachability", lambda _request: [])
    monkeypatch.setattr(renewal, "certbot_texts", lambda _name: ((host / "chain").read_bytes(), b"key"))
    monkeypatch.setattr(taking, "reads", lambda _path: False)
    monkeypatch.setattr(pending_units, "PENDING", host / "pending")
    request = CertificateRequest("shop", ["shop.example.com", "new.example.com"])
    (host / "requests" / "shop").mkdir(parents=True)
    (host / "requests" / "shop" / "wanted.json").write_text(json.dumps(dataclasses.asdict(request)))
    (problem,) = renewal.renew()
    assert asked == ["certonly", "renew"]
    assert "the CA issued no certificate for shop.example.com, new.example.com" in problem
    assert (host / "tls" / "shop" / "combined.pem").read_bytes() == (host / "chain").read_bytes() + b"key"


def test_others_wait_as_long_as_records_of_dns_take() -> None:
    slow = CertificateRequest("shop", ["shop.example.com"], renewal={"dns_cloudflare_propagation_seconds": "1800"})
    quick = CertificateRequest(
        "blog", ["blog.example.com"], renewal={"authenticator": "webroot", "required_profile": None}
    )
    assert [renewal._longest(*some) for some in ((), (quick,), (quick, slow))] == [600, 600, 2400]


@pytest.mark.parametrize(
    ("answers", "is_to", "domains", "becomes"),
    [
        ("webroot", "standalone", ["shop.example.com"], "standalone"),
        ("webroot", "standalone", ["other.example.com"], "webroot"),
        ("webroot", "webroot", ["shop.example.com"], "webroot"),
        ("standalone", "webroot", ["shop.example.com"], "standalone"),
        ("dns-hetzner", "standalone", ["shop.example.com"], "dns-hetzner"),
    ],
)
def test_who_leaves_nginx_keeps_its_certificate(
    host: Path, monkeypatch: pytest.MonkeyPatch, answers: str, is_to: str, domains: list[str], becomes: str
) -> None:
    """While nginx still has the port, certbot could not answer there for another one."""
    file = host / "certbot" / "renewal" / "shop.conf"
    file.parent.mkdir(parents=True)
    text = "version = 5.1.0\n[renewalparams]\nauthenticator = {}\nserver = https://ca\nwebroot_path = /x,\n"
    file.write_text(text.format(answers))
    file.chmod(0o640)
    former = Lineage(domains, {"authenticator": answers, "server": "https://ca"}, expired=False)
    monkeypatch.setattr(renewal, "observe_certificate", lambda _name: former)
    renewal._answer_by_itself(want(host, renewal={"authenticator": is_to, "server": "https://ca"}))
    assert file.read_text() == text.format(becomes)
    assert file.stat().st_mode & 0o777 == 0o640
