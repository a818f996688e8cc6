"""Ends: of a service that never stays up, and of nginx, which is restarted, reloaded, and asked to write new logs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients import https
from tests.integration.sandbox.conftest import Prey, scenario

NEVER = "ExecStart=\nExecStart=/bin/false\n"


@pytest.fixture
def failing(neighbour: Prey) -> Iterator[Prey]:
    """Yield a service that from now on ends as soon as it is started, and that is given up after three times."""
    folder = f"/run/systemd/system/{neighbour.service}.d"
    text = f"[Unit]\nStartLimitBurst=3\n[Service]\n{NEVER}"
    neighbour.host.run(f"mkdir -p {folder}; printf %s '{text}' >{folder}/never.conf; systemctl daemon-reload")
    yield neighbour
    service, socket = neighbour.service, neighbour.service.replace(".service", ".socket")
    neighbour.host.run(f"rm -r {folder}; systemctl daemon-reload; systemctl reset-failed {service} {socket}")
    neighbour.host.run(f"systemctl start {socket} {service}")


def test_a_crash_loop_ends_and_is_reported(failing: Prey) -> None:
    failing.host.run(f"kill -KILL {failing.main()}")
    failing.eventually(f"systemctl is-failed --quiet {failing.service}")
    service = failing.info()["service"]
    assert service["state"] == "failed (failed)"
    assert "has failed and is not started any more" in service["failed"]
    assert failing.service in service["failed"]
    line = f"{failing.service} is down and is not started any more"
    look = f"journalctl --namespace=+asgi-{failing.app} --unit={failing.service}"
    assert look in service["failed"]
    output = failing.eventually(f"{look} --no-pager --lines=10 --priority=crit | grep -F '{line}'")
    assert f"Its log says why: {look};" in output
    assert len(output.splitlines()) == 1, "an end after which it was started again is reported as the last one"
    assert https.get(failing.domain, failing.host.address, failing.ca, "/ready").status_code in (502, 503)


def test_one_that_runs_has_nothing_to_report(attacked: Prey) -> None:
    actual = attacked.info()
    assert (actual["service"]["state"], actual["service"]["failed"]) == ("active (running)", "")
    assert [process["failed"] for process in actual["processes"].values()] == [""]


def nginx(site: Prey) -> str:
    return site.host.run("systemctl show --property=MainPID --value nginx.service").stdout.strip()


def test_nginx_reloads(attacked: Prey) -> None:
    before = nginx(attacked)
    for command in ("nginx -s reload", "systemctl reload nginx", "systemctl start asgi-logs.service"):
        attacked.host.run(command)
        assert https.wait(attacked.domain, attacked.host.address, attacked.ca, "/ready").status_code == 200, command
    assert nginx(attacked) == before


def test_nginx_writes_new_logs(attacked: Prey) -> None:
    log = "/var/log/nginx/asgi/attacked.access.log"
    attacked.host.run(f"mv {log} {log}.old; systemctl kill --signal=USR1 --kill-whom=main nginx.service")
    attacked.eventually(f"! find /proc/[0-9]*/fd -lname {log}.old 2>/dev/null | grep -q .")
    attacked.get("/ready")
    attacked.eventually(f"grep -q . {log}")
    attacked.host.run(f"rm {log}.old")


def test_nginx_takes_over_from_itself(attacked: Prey) -> None:
    """As at an upgrade of its package: service nginx upgrade."""
    before = nginx(attacked)
    attacked.host.run(f"kill -USR2 {before}")
    attacked.eventually("test -s /run/nginx.pid.oldbin && test -s /run/nginx.pid")
    attacked.host.run("kill -QUIT $(cat /run/nginx.pid.oldbin)")
    attacked.eventually(f"! test -d /proc/{before}")
    assert attacked.host.run("cat /run/nginx.pid").stdout.strip() != before
    assert attacked.get("/ready").status_code == 200
    attacked.host.run("systemctl restart nginx")


def test_a_run_restarts_nginx_when_its_limit_of_starts_is_reached(attacked: Prey) -> None:
    """systemd counts starts, those of users and of runs, and refuses the next one."""
    host, folder = attacked.host, "/run/systemd/system/nginx.service.d"
    limit = "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=2\n"
    host.run(f"mkdir -p {folder} && cat >{folder}/limit.conf && systemctl daemon-reload", stdin=limit)
    try:
        host.run("for _ in 1 2 3 4; do systemctl restart nginx || break; done", check=False)
        assert host.run("systemctl show --property=Result --value nginx").stdout == "start-limit-hit\n"
        scenario("--extra-vars=nginx_sandbox=false", f"--limit={host.name}").ok()
    finally:
        host.run(f"rm {folder}/limit.conf && systemctl daemon-reload && systemctl reset-failed nginx")
        scenario(f"--limit={host.name}").ok()
    assert attacked.get("/ready").status_code == 200


def test_a_sandbox_that_nginx_cannot_start_in_is_undone(attacked: Prey) -> None:
    """Nothing is served from a place that the drop-in hides; what served before does again."""
    drop_in = "/etc/systemd/system/nginx.service.d/asgi-deploy.conf"
    try:
        scenario("--extra-vars=nginx_sandbox=false", f"--limit={attacked.host.name}").ok()
        assert attacked.host.run(f"test -e {drop_in}", check=False).returncode == 1
        assert attacked.exposure("nginx.service") > 8
        log = "/usr/share/nginx/own.log"
        attacked.host.run(f"echo 'access_log {log};' >/etc/nginx/conf.d/own.conf; nginx -t; systemctl reload nginx")
        run = scenario(f"--limit={attacked.host.name}")
        assert run.status != 0
        assert "nginx.service does not start with it; restored as it was" in run.output
        assert attacked.get("/ready").status_code == 200
    finally:
        attacked.host.run("rm -f /etc/nginx/conf.d/own.conf")
    scenario(f"--limit={attacked.host.name}").ok()
    assert attacked.exposure("nginx.service") <= 3
    assert attacked.get("/ready").status_code == 200


def test_renews_in_its_sandbox(attacked: Prey) -> None:
    """As certbot sees it 30 days before the end: the line in its own file says when it renews."""
    serial = "openssl x509 -noout -serial -in /etc/asgi-deploy/tls/attacked/combined.pem"
    before = attacked.host.run(serial).stdout
    attacked.host.run("sed -i '1i renew_before_expiry = 3650 days' /var/lib/asgi-deploy/certbot/renewal/attacked.conf")
    try:
        attacked.host.run("systemctl start asgi-certificates.service", timeout=120)
    finally:
        attacked.host.run("sed -i '/^renew_before_expiry = 3650/d' /var/lib/asgi-deploy/certbot/renewal/attacked.conf")
    assert attacked.host.run(serial).stdout != before
