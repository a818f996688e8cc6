"""Certificates of former versions are moved to where the collection keeps its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates import certificate as certificates
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates import former_state
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import CertificateRequest

REQUEST = CertificateRequest("shop", ["shop.example.com"])


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a host whose certificate certbot keeps in its usual folder, next to one of another user."""
    former, own = tmp_path / "letsencrypt", tmp_path / "own" / "certbot"
    monkeypatch.setattr(former_state, "FORMER", former)
    for module in (former_state, certificates):
        monkeypatch.setattr(module, "CERTBOT", own)
    monkeypatch.setattr(certificates, "PLACED", tmp_path / "tls")
    (former / "accounts" / "ca").mkdir(parents=True)
    (former / "accounts" / "ca" / "regr.json").write_text("{}")
    for name in ("shop", "mail"):
        for kind in ("archive", "live"):
            (former / kind / name).mkdir(parents=True)
        for part in ("fullchain", "privkey"):
            (former / "archive" / name / f"{part}1.pem").write_text(f"{part} of {name}\n")
            (former / "live" / name / f"{part}.pem").symlink_to(f"../../archive/{name}/{part}1.pem")
        (former / "renewal").mkdir(exist_ok=True)
        (former / "renewal" / f"{name}.conf").write_text(f"cert = {former}/live/{name}/cert.pem\nserver = https://ca\n")
    (tmp_path / "tls" / "shop").mkdir(parents=True)
    (tmp_path / "tls" / "shop" / "combined.pem").write_text("fullchain of shop\nprivkey of shop\n")
    return tmp_path


def test_one_that_is_served_is_moved_with_its_account_and_others_stay(host: Path) -> None:
    own, former = host / "own" / "certbot", host / "letsencrypt"
    assert former_state.adopt(REQUEST)
    assert (own / "renewal" / "shop.conf").read_text() == f"cert = {own}/live/shop/cert.pem\nserver = https://ca\n"
    assert certificates.certbot_texts("shop") == (b"fullchain of shop\n", b"privkey of shop\n")
    assert (own / "live" / "shop" / "privkey.pem").is_symlink()
    assert {path.stat().st_mode & 0o777 for path in (own, own / "live", own / "archive", own / "accounts")} == {0o700}
    left = sorted(str(path.relative_to(former)) for path in former.rglob("*") if path.name != "regr.json")
    assert "renewal/mail.conf" in left and "live/mail/privkey.pem" in left and "accounts/ca" in left
    assert not [path for path in left if "shop" in path]
    assert not former_state.adopt(REQUEST), "a second time"


def test_a_move_that_was_cut_off_begins_again(host: Path) -> None:
    own = host / "own" / "certbot"
    (own / "live" / "shop").mkdir(parents=True)
    (own / "archive" / "shop").mkdir(parents=True)
    assert former_state.adopt(REQUEST)
    assert certificates.certbot_texts("shop")[0] == b"fullchain of shop\n"


@pytest.mark.parametrize("case", ["another is served", "incomplete", "of no CA", "kept already", "none"])
def test_nothing_else_is_moved(host: Path, case: str) -> None:
    request, former = REQUEST, host / "letsencrypt"
    if case == "another is served":
        (host / "tls" / "shop" / "combined.pem").write_text("another\n")
    elif case == "incomplete":
        (former / "archive" / "shop" / "privkey1.pem").unlink()
    elif case == "of no CA":
        request = CertificateRequest("shop", ["shop.example.com"], "self-signed")
    elif case == "kept already":
        (host / "own" / "certbot" / "renewal").mkdir(parents=True)
        (host / "own" / "certbot" / "renewal" / "shop.conf").write_text("")
    else:
        (former / "renewal" / "shop.conf").unlink()
    assert not former_state.adopt(request)
    assert (former / "live" / "shop").is_dir()


def test_a_certificate_of_the_same_name_that_another_certbot_keeps_is_reported(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, domains in (("shop", ["www.example.com", "shop.example.com"]), ("mail", ["mail.example.com"])):
        (host / "letsencrypt" / "live" / name / "cert.pem").write_text(",".join(domains))
    monkeypatch.setattr(
        former_state,
        "read_certificate",
        lambda path: certificates.X509(sorted(path.read_text().split(",")), None, "CA") if path.exists() else None,
    )
    (text,) = former_state.other_certificates(REQUEST)
    assert text.startswith("shop: another certbot of this host keeps a certificate for shop.example.com in ")
    assert text.endswith("certbot delete --cert-name shop")
