"""An application that goes behind nginx and comes back: which port it has, what visitors notice, and what is refused.

Each test begins with what the one before it left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.conftest import Web, web
from tests.integration.hosts import DIRECT, HOSTS, Run, playbook
from tests.traffic import Report, Traffic

from .test_direct import INVENTORY, handshake, listens

ENTRY = {
    **{"name": "closed", "git": "{{ shop_repository }}", "version": "v1.0.0", "module": "shop.main:app"},
    **{"domains": ["closed.{{ test_domain }}"], "gate": {"path": "/ready"}, "watch": {"seconds": 1}, "workers": 1},
}
RENEW = "/opt/asgi/bin/certbot renew --cert-name=closed --force-renewal --quiet --no-random-sleep-on-renew"
OWN_SITE = "server { listen 443 ssl; server_name own.example; ssl_reject_handshake on; }"


class Closed(Web):
    """The application, with an inventory of its own."""

    def run(self, name: str = "site", **changes: Any) -> Run:
        inventory = HOSTS.parent / "moves.yml"
        inventory.write_text(json.dumps({"asgi": {"vars": {"asgi_apps": [{**ENTRY, **changes}]}}}))
        return playbook(name=name, inventories=(HOSTS, INVENTORY, inventory))

    def without_nginx(self, port: int, **changes: Any) -> Run:
        return self.run(proxy="none", tls={"port": port}, **changes)

    def visitors(self, port: int, **clients: int) -> Traffic:
        """Return visitors of a port; on new connections only, unless others are given."""
        url, address = f"https://{self.domain}:{port}", self.host.address
        return Traffic(url, connect=address, ca=self.ca, pause=0.02, timeout=5, **{"new": 3} | clients)

    def served_by(self, port: int = 443) -> str:
        return self.host.run(f"ss -Hltnp 'sport = :{port}'").stdout


@pytest.fixture(name="closed", scope="module")
def closed_site() -> Iterator[Closed]:
    """Yield the application; in the end it goes, and nginx as well: other scenarios serve on its ports."""
    closed = web(DIRECT, "closed", "closed", Closed)
    yield closed
    closed.run(state="absent").ok()
    closed.host.run("DEBIAN_FRONTEND=noninteractive apt-get purge --yes --quiet nginx nginx-common", timeout=300)
    closed.host.run("systemctl disable --now asgi-logs.timer; rm -rf /etc/nginx /etc/systemd/system/asgi-logs.*")


def is_lossless(before: Report, after: Report) -> None:
    """Check that a visitor who was refused on the former port was answered on the other one by then."""
    # In the end the firewall closes the former port, and drops what comes there.
    assert before.failures_by.keys() <= {"connect", "timeout"}, str(before)
    assert before.failures_reused == 0, str(before)
    refused, answered = before.details[0], after.releases[0]
    assert before.began + refused.at > after.began + answered.first_seen, f"{before}\n{after}"


def test_from_another_port_to_nginx_nothing_is_lost(closed: Closed) -> None:
    closed.without_nginx(8443).ok()
    with closed.visitors(8443, get=2, post=1) as before, closed.visitors(443, new=1) as after:
        moved = closed.run().ok()
    assert "its port" not in moved.output, moved.output
    is_lossless(before.report, after.report)
    assert listens(closed, 8443) == ""
    assert "nginx" in closed.served_by()
    assert closed.run().counts(DIRECT)["changed"] == 0


def test_what_nginx_serves_for_others_keeps_its_port(closed: Closed) -> None:
    live, site = closed.live(), "/etc/nginx/conf.d/own.conf"
    closed.host.run(f"echo '{OWN_SITE}' > {site} && systemctl reload nginx.service")
    refused = closed.without_nginx(443)
    closed.host.run(f"rm {site} && systemctl reload nginx.service")
    assert refused.status != 0
    assert f"closed: port 443 is nginx's, which serves {site} there as well" in refused.output, refused.output
    assert closed.live() == live
    assert handshake(closed, 443, closed.ca)


def test_a_broken_release_takes_no_port(closed: Closed) -> None:
    live = closed.live()
    with closed.visitors(443) as visitors:
        broken = closed.without_nginx(443, version="v1.2.0")
    assert broken.status != 0
    assert visitors.report.failures == 0, str(visitors.report)
    assert closed.live() == live
    assert "nginx" in closed.served_by()


def test_from_nginx_to_its_own_port(closed: Closed) -> None:
    """Connections are refused for a moment, and nothing else happens to a request."""
    with closed.visitors(443) as visitors:
        moved = closed.without_nginx(443).ok()
    print(visitors.report)
    assert "closed: leaves nginx and takes its port: connections are refused for a moment" in moved.output
    assert visitors.report.failures_by.keys() <= {"connect"}, str(visitors.report)
    assert visitors.report.releases[-1].release == closed.live()
    assert "nginx" not in closed.served_by() + closed.served_by(80)
    assert handshake(closed, 443, closed.ca)
    assert closed.without_nginx(443).counts(DIRECT)["changed"] == 0
    closed.host.run(RENEW)  # certbot answers on port 80 by itself


def test_what_is_stopped_keeps_its_port(closed: Closed) -> None:
    """It starts as it was, and moves with the run after that."""
    closed.run("stop").ok()
    run = closed.run().ok()
    assert "closed: stopped since " in run.output and "keeps the port that it has until it is started" in run.output
    assert closed.served_by() == ""
    closed.run("start").ok()
    assert handshake(closed, 443, closed.ca)
    assert "nginx" not in closed.served_by()


def test_from_its_own_port_to_nginx(closed: Closed) -> None:
    with closed.visitors(443) as visitors:
        moved = closed.run().ok()
    print(visitors.report)
    assert "closed: comes behind nginx on the port that it has by itself" in moved.output
    assert visitors.report.failures_by.keys() <= {"connect"}, str(visitors.report)
    assert "nginx" in closed.served_by() and "nginx" in closed.served_by(80)
    assert closed.run().counts(DIRECT)["changed"] == 0


def test_from_nginx_to_another_port_nothing_is_lost(closed: Closed) -> None:
    """nginx gives up both of its ports, as it serves no other."""
    with closed.visitors(443) as before, closed.visitors(8443, new=1) as after:
        closed.without_nginx(8443).ok()
    is_lossless(before.report, after.report)
    assert "nginx" not in closed.served_by() + closed.served_by(80)
    assert closed.without_nginx(8443).counts(DIRECT)["changed"] == 0
