"""Runs on applications that share a server: releases of one, its removal, another password, and visitors by IPv6."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.clients import https
from tests.integration.hosts import HELPER, HOSTS, LAB, playbook
from tests.integration.paths.conftest import INVENTORY, Part, run
from tests.integration.release.test_releases import traffic

ABSENT = """\
asgi:
  hosts:
    helper:
  vars:
    hardening: false
    asgi_apps:
      - name: shop
        git: https://git.example.com/shop.git
        module: shop.main:app
        domains: [helper.example.test]
        state: absent
"""
# Two of a network, and one of the next.
VISITORS = ["2001:db8:0:1::a", "2001:db8:0:1:ffff::b", "2001:db8:0:2::a"]
ADDRESS = "2001:db8::1"
ASK = f"""
import socket, ssl, sys
name = sys.argv[1]
for visitor in {[VISITORS[0]] * 5 + VISITORS[1:]}:
    plain = socket.create_connection(("{ADDRESS}", 443), 9, (visitor, 0))
    tls = ssl._create_unverified_context().wrap_socket(plain, server_hostname=name)
    tls.sendall(f"GET /limited HTTP/1.1\\r\\nHost: {{name}}\\r\\nConnection: close\\r\\n\\r\\n".encode())
    print(tls.recv(100).split()[1].decode())
"""


@pytest.fixture(scope="module", autouse=True)
def afterwards() -> Iterator[None]:
    """Restore everything that the inventory asks for; a test states what it needs beyond that."""
    yield
    run().ok()


def test_a_release_of_one_loses_no_request_of_any(front: Part, blog: Part, till: Part) -> None:
    before = {part.app: part.live() for part in (front, till)}
    with traffic([front, blog], get=1, post=1), traffic([till], get=1, websocket=0):
        run(blog_version="v1.1.0").ok()
        blog.drained()
        assert blog.version()["version"] == "1.1.0"
    assert {part.app: part.live() for part in (front, till)} == before


def test_another_password_is_not_shown(blog: Part) -> None:
    other = {"blog_password": "close-sesame"}
    done = run("--diff", "-vvv", **other).ok()
    assert "+++ after: /etc/nginx/asgi/auth/blog.htpasswd" in done.output
    assert "close-sesame" not in done.output.replace("blog_password=close-sesame", "")
    assert "$6$" not in done.output
    assert blog.get("/docs", auth=("ops", "close-sesame")).status_code == 200


def test_one_goes_and_the_others_stay(front: Part, till: Part) -> None:
    """Its paths are the owner's then; that it was stopped leaves nothing."""
    run("--extra-vars=asgi_app=blog", name="stop").ok()
    assert (front.get("/blog/version").status_code, till.get("/version").status_code) == (503, 200)
    users = front.host.run("cat /etc/nginx/asgi/auth/blog.htpasswd").stdout
    output = run(blog_version="v1.1.0", **{"blog_password": "shut-for-now"}).ok().output
    assert "paths: blog: stopped since " in output and "; v1.1.0-" in output, output
    assert front.host.run("cat /etc/nginx/asgi/auth/blog.htpasswd").stdout != users
    assert front.get("/blog/version").status_code == 503
    run(blog_state="absent").ok()
    gone = https.get(front.domain, front.host.address, front.ca, "/blog/version")
    assert (gone.status_code, gone.json()) == (404, {"detail": "Not Found"})
    assert (front.get("/version").status_code, till.get("/version").status_code) == (200, 200)
    left = "/srv/asgi/blog /etc/nginx/asgi/*/blog.conf /etc/systemd/system/asgi-blog*"
    assert front.host.run(f"ls -d {left}", check=False).stdout == ""


def test_one_is_removed_by_a_command(front: Part, blog: Part, till: Part) -> None:
    run().ok()
    whole = run("--extra-vars=asgi_app=front", name="remove")
    assert whole.status != 0
    assert "asgi_app: front has the server that blog, till is below" in whole.output
    assert (front.get("/version").status_code, blog.get("/version").status_code) == (200, 200)
    planned = run("--extra-vars=asgi_app=blog", name="plan").ok().output
    assert "paths: blog: nothing would change" in planned
    assert "paths: till:" not in planned and "paths: front:" not in planned
    run("--extra-vars=asgi_app=blog", name="remove").ok()
    assert https.get(front.domain, front.host.address, front.ca, "/blog/version").status_code == 404
    assert till.get("/version").status_code == 200
    assert front.host.run("ls -d /srv/asgi/blog", check=False).stdout == ""


def test_the_owner_goes_and_comes_back(front: Part, blog: Part, till: Part) -> None:
    """The first of the others has a server and a certificate of its own in the same step, and gives them up again.

    The runs are for the owner only.
    """
    run().ok()
    own = "/etc/asgi-deploy/tls/blog/combined.pem /var/lib/asgi-deploy/certbot/live/blog"
    assert front.host.run(f"ls -d {own}", check=False).stdout == ""
    only_front = "--extra-vars=asgi_app=front"
    planned = run(only_front, name="plan", front_state="absent").ok().output
    assert "paths: blog would get another server in nginx" in planned and "paths: till" not in planned, planned
    with traffic([blog], get=0, post=0, websocket=0, new=3), traffic([till], get=0, post=0, websocket=0, new=1):
        run(only_front, front_state="absent").ok()
    assert (blog.get("/version").status_code, till.get("/version").status_code) == (200, 200)
    assert (front.get("/version").status_code, front.get("/").status_code) == (404, 404)
    assert len(front.host.run(f"ls -d {own}").stdout.splitlines()) == 2
    run(only_front).ok()
    assert [part.get("/version").status_code for part in (front, blog, till)] == [200, 200, 200]
    assert front.host.run(f"ls -d {own}", check=False).stdout == ""
    assert run().ok().counts(front.host.name)["changed"] == 0


def test_an_owner_that_the_inventory_forgot_hands_its_server_over(front: Part, blog: Part, till: Part) -> None:
    """It runs on, and visitors are another one's; nginx and the timer of certificates have nothing to say."""
    inventory = yaml.safe_load(INVENTORY.read_text())
    entries = inventory["asgi"]["vars"]["asgi_apps"]
    inventory["asgi"]["vars"]["asgi_apps"] = [entry for entry in entries if "'name': 'front'" not in entry]
    shorter = HOSTS.parent / "shorter.yml"
    shorter.write_text(yaml.safe_dump(inventory))
    run().ok()
    with traffic([blog], get=0, post=0, websocket=0, new=3), traffic([till], get=0, post=0, websocket=0, new=1):
        playbook(inventories=(HOSTS, shorter)).ok()
    assert [part.get("/version").status_code for part in (front, blog, till)] == [404, 200, 200]
    assert "conflicting server name" not in front.host.run("nginx -t 2>&1").stdout
    front.host.run("systemctl start asgi-certificates.service")  # fails where another certificate is served
    assert playbook(inventories=(HOSTS, shorter)).ok().counts(front.host.name)["changed"] == 0


def test_ipv6_is_counted_by_network(front: Part) -> None:
    for address in [ADDRESS, *VISITORS]:
        front.host.run(f"ip -6 address add {address}/128 dev lo nodad")
    try:
        run().ok()
        front.host.run(f"cat > /tmp/ask.py <<'END'\n{ASK}\nEND")
        *first, same, other = front.host.run(f"python3 /tmp/ask.py {front.domain}").stdout.split()
        assert (first[0], first[-1]) == ("404", "429")
        assert (same, other) == ("429", "404")
    finally:
        for address in [ADDRESS, *VISITORS]:
            front.host.run(f"ip -6 address del {address}/128 dev lo")
        front.host.run("rm -f /tmp/ask.py")


def test_nothing_is_installed_for_an_absent_application(tmp_path: Path) -> None:
    """Nor an address for the CA asked for."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(ABSENT)
    done = playbook(inventories=(HOSTS, inventory)).ok()
    assert done.counts(HELPER)["changed"] == 0, done.output
    assert LAB.host(HELPER).run("ls -d /etc/nginx /opt/asgi 2>/dev/null", check=False).stdout == ""
