"""What is on the host: units, rights, the certificate's renewal; and that it all comes back after a reboot."""

from __future__ import annotations

from tests.clients import https
from tests.integration.conftest import Web


def shown(web: Web, unit: str, *properties: str) -> dict[str, str]:
    """Return properties of a unit as systemd has them."""
    text = web.host.run(f"systemctl show {unit} {' '.join(f'-p {name}' for name in properties)}").stdout
    return dict(line.split("=", 1) for line in text.splitlines())


def service(web: Web) -> str:
    return f"asgi-shop@{web.live()}.service"


def test_one_release_runs_and_no_other(web: Web) -> None:
    web.drained()
    units = web.host.run("systemctl list-units --plain --no-legend 'asgi-shop@*'").stdout.split()
    assert {word for word in units if word.startswith("asgi-")} == {service(web), f"asgi-shop@{web.live()}.socket"}
    state = shown(web, service(web), "ActiveState", "NRestarts", "User", "KillMode", "Requires")
    assert (state["ActiveState"], state["NRestarts"]) == ("active", "0")
    assert (state["User"], state["KillMode"]) == ("asgi-shop", "mixed")
    assert f"asgi-shop@{web.live()}.socket" in state["Requires"]


def test_runs_the_workers_that_the_facts_allow(web: Web) -> None:
    """Where the inventory does not say how many."""
    processors = int(web.inside.check_output("nproc"))
    workers = web.host.run(f"pgrep --count --parent $(systemctl show -p MainPID --value {service(web)})").stdout
    assert int(workers) == (2 if web.host.name == "web1" else 2 * processors + 1)


def test_socket_is_only_for_nginx(web: Web) -> None:
    socket = web.inside.file(f"/srv/asgi/shop/releases/{web.live()}/app.sock")
    assert socket.is_socket
    assert (socket.user, socket.group, socket.mode) == ("root", "www-data", 0o660)
    refused = web.host.run(
        "curl --version >/dev/null 2>&1; runuser -u asgi-shop -- test -w " + socket.path, check=False
    )
    assert refused.returncode == 1


def test_application_cannot_write_its_code(web: Web) -> None:
    release = f"/srv/asgi/shop/releases/{web.live()}"
    for path in (
        "/srv/asgi/shop",
        release,
        f"{release}/src/shop/main.py",
        f"{release}/venv/bin",
        f"{release}/venv/bin/python",
    ):
        assert web.host.run(f"runuser -u asgi-shop -- test -w {path}", check=False).returncode == 1, path
    assert web.host.run(f"runuser -u asgi-shop -- test -r {release}/src/shop/main.py", check=False).returncode == 0
    environment = web.inside.file(f"{release}/environment")
    assert (environment.user, environment.mode) == ("root", 0o600)
    others = web.host.run(f"runuser -u www-data -- test -r {release}/src/shop/main.py", check=False)
    assert others.returncode == 1


def test_is_sandboxed(web: Web) -> None:
    last = web.host.run(f"systemd-analyze security {service(web)} --no-pager").stdout.splitlines()[-1]
    assert float(last.split(":")[1].split()[0]) <= 1.5, last


def test_renewal_reloads_nginx_only_when_a_certificate_changed(web: Web) -> None:
    def reloaded() -> str:
        return shown(web, "nginx.service", "ExecReload")["ExecReload"]

    def serial() -> str:
        command = f"openssl s_client -connect 127.0.0.1:443 -servername {web.domain} </dev/null 2>/dev/null"
        return web.host.run(f"{command} | openssl x509 -noout -serial").stdout

    before, first = reloaded(), serial()
    web.host.run("systemctl start asgi-certificates.service")
    assert (reloaded(), serial()) == (before, first)
    # As certbot sees it 30 days before the end: the line in its own file says when it renews.
    web.host.run("sed -i '1i renew_before_expiry = 3650 days' /var/lib/asgi-deploy/certbot/renewal/shop.conf")
    web.host.run("systemctl start asgi-certificates.service", timeout=120)
    web.host.run("sed -i '/^renew_before_expiry = 3650/d' /var/lib/asgi-deploy/certbot/renewal/shop.conf")
    assert reloaded() != before
    assert serial() != first
    assert shown(web, "asgi-certificates.timer", "ActiveState")["ActiveState"] == "active"


def test_serves_again_after_a_reboot(webs: list[Web]) -> None:
    for web in webs:
        live = web.live()
        web.host.reboot()
        answer = https.wait(web.domain, web.host.address, web.ca, "/version").raise_for_status().json()
        assert answer["release"] == live
        assert web.host.run("systemctl is-system-running", check=False).stdout.strip() == "running"
