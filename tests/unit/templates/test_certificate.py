"""Files of the role certificate."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Render = Callable[..., str]
Verify = Callable[..., None]

OPTIONS = {
    "certificate_name": "shop",
    "certificate_domains": ["shop.example.com"],
    "certificate_email": "ops@example.com",
}


def test_challenge(render: Render) -> None:
    text = render("certificate", "acme.conf.j2", **OPTIONS)
    assert "location ^~ /.well-known/acme-challenge/ {" in text
    assert "root /var/lib/asgi-deploy/acme;" in text


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        pytest.param({}, [], id="a public CA"),
        pytest.param(
            {"certificate_ca_file": __file__},
            ["Environment=REQUESTS_CA_BUNDLE=/etc/asgi-deploy/acme-ca.pem"],
            id="a CA of one's own",
        ),
    ],
)
def test_renewal(render: Render, options: dict[str, Any], environment: list[str]) -> None:
    lines = render("certificate", "renew.service.j2", **OPTIONS, **options).splitlines()
    assert [line for line in lines if line.startswith("Environment")] == environment
    assert "ExecStart=/opt/asgi/certbot/bin/certbot renew --quiet --no-random-sleep-on-renew" in lines


def test_timer(render: Render) -> None:
    lines = render("certificate", "renew.timer.j2", **OPTIONS).splitlines()
    assert {"Persistent=yes", "RandomizedDelaySec=12h", "WantedBy=timers.target"} <= set(lines)


def test_hook_is_a_program(render: Render, tmp_path: Path) -> None:
    text = render("certificate", "reload.sh.j2", **OPTIONS)
    assert text.startswith("#!/bin/sh\n")
    hook = tmp_path / "hook"
    hook.write_text(text, encoding="utf-8")
    assert subprocess.run(["/bin/sh", "-n", str(hook)], check=False).returncode == 0


def test_hook_reloads_nothing_that_is_broken(render: Render, tmp_path: Path) -> None:
    (tmp_path / "nginx").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "systemctl").write_text("#!/bin/sh\ntouch reloaded\n", encoding="utf-8")
    for program in ("nginx", "systemctl"):
        (tmp_path / program).chmod(0o755)
    script = render("certificate", "reload.sh.j2", **OPTIONS)
    ended = subprocess.run(["/bin/sh", "-c", script], env={"PATH": f"{tmp_path}:/bin"}, cwd=tmp_path, check=False)
    assert ended.returncode != 0
    assert not (tmp_path / "reloaded").exists()


def test_systemd_takes_the_renewal(render: Render, tmp_path: Path, verify: Verify) -> None:
    certbot = tmp_path / "certbot" / "bin" / "certbot"
    certbot.parent.mkdir(parents=True)
    certbot.write_text("#!/bin/sh\n", encoding="utf-8")
    certbot.chmod(0o755)
    options = {**OPTIONS, "certificate_ca_file": __file__, "_certificate_certbot": str(tmp_path / "certbot")}
    verify(
        {
            "asgi-certificates.service": render("certificate", "renew.service.j2", **options),
            "asgi-certificates.timer": render("certificate", "renew.timer.j2", **options),
        }
    )


def test_systemd_takes_the_calendar(render: Render) -> None:
    (calendar,) = (
        line.split("=", 1)[1]
        for line in render("certificate", "renew.timer.j2", **OPTIONS).splitlines()
        if line.startswith("OnCalendar=")
    )
    shown = subprocess.run(["systemd-analyze", "calendar", calendar], capture_output=True, text=True, check=True)
    assert "*-*-* 00,12:00:00" in shown.stdout
