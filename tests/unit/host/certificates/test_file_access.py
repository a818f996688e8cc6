"""Who may read a certificate's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates import certificate, file_access
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import CertificateRequest
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.file_access import (
    Access,
    access_error,
    desired_access,
)

NGINX = CertificateRequest("shop", ["shop.example.com"])


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "PLACED", tmp_path / "tls")
    monkeypatch.setattr(file_access, "CERTBOT", tmp_path / "letsencrypt")


def test_the_key_of_nginx_is_for_root_and_so_is_certbots_own(tmp_path: Path) -> None:
    archive, live = (tmp_path / "letsencrypt" / name / "shop" for name in ("archive", "live"))
    archive.mkdir(parents=True)
    live.mkdir(parents=True)
    (archive / "privkey3.pem").touch()
    (live / "privkey.pem").symlink_to("../../archive/shop/privkey3.pem")
    assert desired_access(NGINX) == [
        Access(tmp_path / "tls" / "shop", 0o700, 0),
        Access(tmp_path / "tls" / "shop" / "combined.pem", 0o600, 0),
        Access(archive / "privkey3.pem", 0o600, 0),
    ]


def test_an_application_that_ends_tls_reads_its_own(tmp_path: Path) -> None:
    direct = CertificateRequest("shop", ["shop.example.com"], source="self-signed", group="daemon")
    folder, chain, key = desired_access(direct)
    assert (folder.mode, chain.mode, key.mode) == (0o750, 0o640, 0o640)
    assert folder.group == chain.group == key.group != 0
    assert access_error(CertificateRequest("shop", ["shop.example.com"], group="asgi-no-such")) is None


def test_the_controller_says_the_modes_of_what_it_gives() -> None:
    assert desired_access(CertificateRequest("shop", ["shop.example.com"], source="given")) == []


def test_a_wrong_mode_is_reported_and_corrected(tmp_path: Path) -> None:
    file = tmp_path / "combined.pem"
    file.touch()
    file.chmod(0o644)
    access = Access(file, 0o600, os.getgid())
    assert access.error() == f"{file} has mode 0644 instead of 0600"
    file.chmod(0o600)
    assert access.error() == (
        None if os.getuid() == 0 else f"{file} is owned by {os.getuid()}:{os.getgid()} instead of 0:{os.getgid()}"
    )
    assert Access(tmp_path / "none", 0o600, 0).error() is None
