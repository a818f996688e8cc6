"""How nginx takes certificates that changed."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates import taking
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import pending_units, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.web import nginx
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


@pytest.fixture(name="reloads")
def nginx_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the reloads of an nginx that refuses its configuration until the certificate it names is there."""
    reloads: list[str] = []

    def attempt(_argv: list[str]) -> CompletedProcess[str]:
        there = (tmp_path / "combined.pem").exists()
        shown = f"ssl_certificate {tmp_path}/combined.pem;\n" if there else ""
        return CompletedProcess([], 0 if there else 1, shown, "" if there else "cannot load certificate")

    monkeypatch.setattr(
        systemd, "show", lambda *names: [systemd.Unit(name, {"ActiveState": "active"}) for name in names]
    )
    monkeypatch.setattr(taking, "run_unchecked", attempt)
    monkeypatch.setattr(nginx, "reload_and_wait", reloads.append)
    monkeypatch.setattr(pending_units, "PENDING", tmp_path / "pending")
    return reloads


def test_what_a_refused_configuration_lacks_is_written_and_taken(tmp_path: Path, reloads: list[str]) -> None:
    taking.write_served({tmp_path / "combined.pem": b"chain and key"})
    assert (tmp_path / "combined.pem").read_bytes() == b"chain and key"
    assert reloads == [taking.NGINX]


def test_what_is_not_served_is_no_reload(tmp_path: Path, reloads: list[str]) -> None:
    (tmp_path / "combined.pem").write_bytes(b"served")
    taking.write_served({tmp_path / "other.pem": b"chain and key"})
    assert (tmp_path / "other.pem").exists()
    assert reloads == []


def test_a_configuration_that_stays_refused_is_reported(tmp_path: Path, reloads: list[str]) -> None:
    with pytest.raises(DeployError, match="nginx refuses its configuration, and continues with the former one:"):
        taking.write_served({tmp_path / "other.pem": b"chain and key"})
    assert reloads == []
    assert pending_units.is_pending(taking.NGINX), "the next run goes on with it"
