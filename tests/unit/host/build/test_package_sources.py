"""Where distributions come from: secrets go where only root reads them, and nowhere else."""

from __future__ import annotations

import netrc
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import (
    PackageSources,
    from_index,
    from_wheels,
)

URL = "https://pypi.example.com:3141/simple"


def test_offline_asks_no_index(tmp_path: Path) -> None:
    supplies = from_wheels(tmp_path)
    assert supplies.arguments == ("--no-index", "--find-links", str(tmp_path))
    assert supplies.pip["PIP_FIND_LINKS"] == supplies.uv["UV_FIND_LINKS"] == ""


@pytest.mark.parametrize("password", ["s3cret", 'a"b\\c', "x@y:z/#%", "ü"])
def test_password(tmp_path: Path, password: str) -> None:
    supplies = from_index({"url": URL, "username": "deploy", "password": password}, tmp_path)
    assert supplies.arguments == ()
    assert (supplies.uv["UV_INDEX"], supplies.uv["UV_DEFAULT_INDEX"]) == (f"private={URL}", URL)
    assert supplies.uv["UV_INDEX_PRIVATE_PASSWORD"] == password
    assert supplies.pip["PIP_INDEX_URL"] == URL
    file = Path(supplies.pip["NETRC"])
    assert oct(file.stat().st_mode)[-4:] == "0600"
    assert netrc.netrc(file).authenticators("pypi.example.com") == ("deploy", "", password)
    del supplies.pip["NETRC"]  # type: ignore[attr-defined]
    assert password not in str(supplies.pip)


def test_an_index_for_everybody(tmp_path: Path) -> None:
    supplies = from_index({"url": "http://10.0.0.1:8080/simple", "username": None, "password": None}, tmp_path)
    assert supplies.pip["PIP_TRUSTED_HOST"] == "10.0.0.1:8080"
    assert "NETRC" not in supplies.pip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("nothing", "nothing"),
        ("https://deploy:p%40ss@pypi.example.com", "https://deploy:********@pypi.example.com"),
        ("p@ss p@ss", "******** ********"),
    ],
)
def test_masked(text: str, masked: str) -> None:
    assert PackageSources(secrets=("p@ss", "p%40ss")).masked(text) == masked
