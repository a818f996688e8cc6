"""Files of the role certificate."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import desired

Render = Callable[..., str]
Variable = Callable[..., Any]
Verify = Callable[..., None]

OPTIONS = {
    "certificate_name": "shop",
    "certificate_domains": ["shop.example.com"],
    "certificate_email": "ops@example.com",
    "ansible_facts": {"distribution": "Debian", "distribution_major_version": "13"},
}
PROVIDER = {"name": "rfc2136", "credentials": {"server": "192.0.2.53", "name": "key", "secret": "hush"}}


def plan_of(*arguments: Any) -> Any:
    """Return the plan of a role."""
    return desired.plan_of(*arguments)


def test_challenge(render: Render) -> None:
    text = render("certificate", "acme.conf.j2", **OPTIONS)
    assert "location ^~ /.well-known/acme-challenge/ {" in text
    assert "root /var/lib/asgi-deploy/acme;" in text


def test_renewal_runs_what_a_run_sends(render: Render, desired_state: Variable) -> None:
    lines = render("certificate", "renew.service.j2", **OPTIONS).splitlines()
    module = "ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.renewal"
    assert f"ExecStart=/usr/bin/python3 -m {module} renew" in lines
    assert "Environment=PYTHONPATH=/opt/asgi/lib PYTHONDONTWRITEBYTECODE=1" in lines
    paths = [file["path"] for file in desired_state("certificate", **OPTIONS)["renewal"]]
    assert f"/opt/asgi/lib/{module.replace('.', '/')}.py" in paths


def test_renewal_runs_on_its_own(desired_state: Variable, tmp_path: Path) -> None:
    """What is copied to the host is all that it imports."""
    for file in (file for file in desired_state("certificate", **OPTIONS)["renewal"] if file["path"].endswith(".py")):
        path = tmp_path / str(file["path"]).removeprefix("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file["content"], encoding="utf-8")
    module = "ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.renewal"
    subprocess.run(
        ["/usr/bin/python3", "-S", "-c", f"import {module}"],
        env={"PYTHONPATH": str(tmp_path / "opt" / "asgi" / "lib")},
        check=True,
    )


@pytest.mark.parametrize(
    ("options", "there", "not_there"),
    [
        pytest.param(
            {},
            [
                "server = https://acme-v02.api.letsencrypt.org/directory",
                "domains = shop.example.com",
                "key-type = ecdsa",
                "authenticator = webroot",
                "webroot-path = /var/lib/asgi-deploy/acme",
            ],
            ["eab", "profile", "manual"],
            id="all defaults",
        ),
        pytest.param(
            {"certificate_directory": "staging", "certificate_key_type": "rsa", "certificate_profile": "tlsserver"},
            [
                "server = https://acme-staging-v02.api.letsencrypt.org/directory",
                "key-type = rsa",
                "required-profile = tlsserver",
            ],
            ["eab"],
            id="staging, RSA, a profile",
        ),
        pytest.param(
            {"certificate_account": {"key_id": "kid-1", "hmac_key": "c2VjcmV0LWtleS1vZi0xNg"}},
            ["eab-kid = kid-1", "eab-hmac-key = c2VjcmV0LWtleS1vZi0xNg"],
            [],
            id="account binding",
        ),
        pytest.param(
            {
                "certificate_challenge": "dns",
                "certificate_dns_hooks": {"auth": "/bin/true"},
                "certificate_domains": ["example.com", "*.example.com"],
            },
            [
                "authenticator = manual",
                "preferred-challenges = dns",
                "manual-auth-hook = /etc/asgi-deploy/certificates/shop/auth",
                "domains = example.com,*.example.com",
            ],
            ["webroot", "cleanup"],
            id="hooks",
        ),
        pytest.param(
            {"certificate_challenge": "dns", "certificate_dns_plugin": {**PROVIDER, "propagation": 5}},
            [
                "authenticator = dns-rfc2136",
                "dns-rfc2136-credentials = /etc/asgi-deploy/certificates/shop/dns.ini",
                "dns-rfc2136-propagation-seconds = 5",
            ],
            ["webroot", "manual", "hush"],
            id="provider",
        ),
        pytest.param(
            {"certificate_challenge": "dns", "certificate_dns_plugin": {"name": "route53"}},
            ["authenticator = dns-route53"],
            ["credentials", "propagation"],
            id="the host's own role",
        ),
        pytest.param(
            {"certificate_domains": ["192.0.2.1", "shop.example.com", "2001:db8::1"]},
            ["domains = shop.example.com"],
            ["192.0.2.1", "2001:db8::1"],
            id="addresses",
        ),
        pytest.param({"certificate_domains": ["2001:db8::1"]}, [], ["\ndomains =", "2001"], id="only addresses"),
        pytest.param(
            {"certificate_served": {"port": 8443, "group": "asgi-shop"}},
            ["authenticator = standalone"],
            ["webroot"],
            id="without nginx",
        ),
    ],
)
def test_settings_of_certbot(render: Render, options: dict[str, Any], there: list[str], not_there: list[str]) -> None:
    text = render("certificate", "certbot.ini.j2", **{**OPTIONS, **options})
    assert set(there) <= set(text.splitlines())
    assert not [word for word in not_there if word in text]


def test_a_provider_is_part_of_the_desired_state(desired_state: Variable, here: Variable) -> None:
    options = {**OPTIONS, "certificate_challenge": "dns", "certificate_dns_plugin": PROVIDER}
    renewal = plan_of("certificate", here(**options), {})["requested"]["renewal"]
    assert renewal["authenticator"] == "dns-rfc2136" and renewal["dns_rfc2136_propagation_seconds"] is None
    options["certificate_dns_plugin"] = {**PROVIDER, "propagation": 5}
    had = plan_of("certificate", here(**options), {})["requested"]
    assert had["renewal"]["dns_rfc2136_propagation_seconds"] == "5" and "hush" not in str(had)
    (venv,) = desired_state("certificate", **options)["venvs"]
    assert "\ncertbot-dns-rfc2136==" in venv["requirements"] and "\ncertbot==" in venv["requirements"]
    (venv,) = desired_state("certificate", **OPTIONS)["venvs"]
    assert "certbot-dns" not in venv["requirements"]
    assert not [key for key in plan_of("certificate", here(**OPTIONS), {})["requested"]["renewal"] if "dns" in key]


def test_credentials_are_only_for_root(desired_state: Variable) -> None:
    options = {**OPTIONS, "certificate_challenge": "dns", "certificate_dns_plugin": PROVIDER}
    files = desired_state("certificate", **options)["renewal"]
    (file,) = [file for file in files if "hush" in str(file)]
    assert (file["path"], file["mode"]) == ("/etc/asgi-deploy/certificates/shop/dns.ini", "0600")
    assert "hush" in file["secret_content"] and "content" not in file
    for others in (OPTIONS, {**options, "certificate_source": "self-signed"}):
        actual = desired_state("certificate", **others)["renewal"]
        (gone,) = [file for file in actual if file["path"].endswith("/dns.ini")]
        assert gone["state"] == "absent" and not gone["secret_content"]


def test_secrets_are_only_for_root(desired_state: Variable) -> None:
    binding = {"key_id": "kid-1", "hmac_key": "c2VjcmV0LWtleS1vZi0xNg"}
    files = desired_state("certificate", **OPTIONS, certificate_account=binding)["renewal"]
    holding = [file for file in files if binding["hmac_key"] in str(file)]
    assert [(file["path"], file["mode"]) for file in holding] == [
        ("/etc/asgi-deploy/certificates/shop/certbot.ini", "0600")
    ]
    assert binding["hmac_key"] in holding[0]["secret_content"]


@pytest.mark.parametrize("group", [None, "asgi-shop"])
def test_a_given_key_is_for_those_who_serve_it(desired_state: Variable, tmp_path: Path, group: str | None) -> None:
    (tmp_path / "cert.pem").write_text("CHAIN\n", encoding="utf-8")
    (tmp_path / "key.pem").write_text("KEY\n", encoding="utf-8")
    settings = {"certificate": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}
    options = {**OPTIONS, "certificate_given": settings, "certificate_served": {"group": group} if group else {}}
    files = [file for name in ("served", "renewal") for file in desired_state("certificate", **options)[name]]
    holding = [file for file in files if "KEY\n" in str(file.get("secret_content"))]
    assert [(file["path"], file["mode"], file.get("group")) for file in holding] == [
        ("/etc/asgi-deploy/tls/shop/privkey.pem", "0640", "asgi-shop")
        if group
        else ("/etc/asgi-deploy/tls/shop/combined.pem", "0600", None)
    ]
    outside = [file["path"] for file in files if not file["path"].startswith("/opt/asgi/lib/")]
    assert not [path for path in outside if "certbot" in path or "letsencrypt" in path]


def test_timer(render: Render) -> None:
    lines = render("certificate", "renew.timer.j2", **OPTIONS).splitlines()
    assert {"Persistent=yes", "RandomizedDelaySec=12h", "WantedBy=timers.target"} <= set(lines)


def test_hook_is_a_program(render: Render, tmp_path: Path) -> None:
    text = render("certificate", "deployed.sh.j2", **OPTIONS)
    assert text.startswith("#!/bin/sh\n")
    hook = tmp_path / "hook"
    hook.write_text(text, encoding="utf-8")
    assert subprocess.run(["/bin/sh", "-n", str(hook)], check=False).returncode == 0


def test_systemd_takes_the_renewal(render: Render, verify: Verify) -> None:
    verify(
        {
            "asgi-certificates.service": render("certificate", "renew.service.j2", **OPTIONS),
            "asgi-certificates.timer": render("certificate", "renew.timer.j2", **OPTIONS),
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


CERTBOT = """\
import json, os, sys
print(json.dumps([sys.argv[1:], {name: text for name, text in os.environ.items() if "prox" in name or "REQ" in name}]))
"""


def test_certbot_is_started_with_folders_of_its_own(desired_state: Variable, tmp_path: Path) -> None:
    """By a shell, as an administrator does it."""
    proxy = "http://ops:hunter2%21@proxy.example.com:3128"
    files = {file["path"]: file for file in desired_state("certificate", **OPTIONS, asgi_http_proxy=proxy)["renewal"]}
    kept = files["/etc/asgi-deploy/acme-environment"]
    assert kept["mode"] == "0600" and "content" not in kept and "hunter2" not in str({**files, kept["path"]: None})
    for path, text in (("acme-ca.pem", ""), ("acme-environment", kept["secret_content"])):
        (tmp_path / path).write_text(text)
    program = files["/opt/asgi/bin/certbot"]
    assert program["mode"] == "0755"
    (tmp_path / "python").write_text(f"#!/bin/sh\nshift 3\nexec python3 - \"$@\" <<'EOF'\n{CERTBOT}EOF\n")
    (tmp_path / "python").chmod(0o755)
    text = program["content"].replace("/opt/asgi/certbot/bin/python", f"{tmp_path}/python")
    (tmp_path / "certbot").write_text(text.replace("/etc/asgi-deploy", str(tmp_path)))
    done = subprocess.run(["/bin/sh", str(tmp_path / "certbot"), "renew"], capture_output=True, text=True, check=True)
    arguments, variables = json.loads(done.stdout)
    state = "/var/lib/asgi-deploy/certbot"
    assert arguments[:2] == [f"--config-dir={state}", f"--work-dir={state}/work"] and arguments[-1] == "renew"
    assert variables["https_proxy"] == variables["http_proxy"] == proxy
    assert variables["REQUESTS_CA_BUNDLE"] == f"{tmp_path}/acme-ca.pem"


def test_a_host_without_a_proxy_keeps_none(desired_state: Variable) -> None:
    files = desired_state("certificate", **OPTIONS)["renewal"]
    (kept,) = [file for file in files if file["path"] == "/etc/asgi-deploy/acme-environment"]
    assert kept["state"] == "absent"
