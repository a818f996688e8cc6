"""The cloud's metadata service, closed to applications that serve by a socket of systemd's, and so of root's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients import https
from tests.integration.cloud import ADDRESSES, ask_by_tcp, ask_by_udp, came_of, have_metadata_service
from tests.integration.conftest import Web, web
from tests.integration.direct.public_socket import restart
from tests.integration.hosts import DIRECT

# The kernel forgets that the socket listened, and then connects it; the file is still root's.
TAKE = """\
import ctypes, socket
ctypes.CDLL(None).connect(3, bytes(16), 16)
taken = socket.socket(fileno=3)
taken.settimeout(3)
try:
    taken.connect(("::ffff:169.254.169.254", 80))
    print("came of it:", taken.recv(9).decode())
except OSError as error:
    print("came of it:", type(error).__name__)
"""
UNIT = """\
[Service]
Type=oneshot
User=asgi-open
Sockets=asgi-open.public.socket
ExecStart=python3 /usr/local/lib/take.py
"""
CHECK = """\
import socket, ssl
plain = socket.create_connection(("192.0.2.1", 443), timeout=10, source_address=("168.63.129.16", 0))
visitor = ssl._create_unverified_context().wrap_socket(plain, server_hostname="{domain}")
visitor.sendall(b"{request}")
print(visitor.recv(100).decode())
"""


@pytest.fixture(name="site", scope="module")
def a_site() -> Web:
    result = web(DIRECT, "open", "open")
    have_metadata_service(result.host)
    return result


@pytest.mark.parametrize("user", ["asgi-open", "asgib-open"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_closed_to_the_application_and_its_builds(site: Web, user: str, address: str) -> None:
    assert came_of(site.host, ask_by_tcp(address), "root") == "token"
    assert came_of(site.host, ask_by_tcp(address), user, ("PrivateUsers=yes",)) == "ConnectionRefusedError"


@pytest.mark.parametrize("ask", [ask_by_tcp, ask_by_udp])
def test_its_name_server_is_not(site: Web, ask: Callable[[str, int], str]) -> None:
    assert came_of(site.host, ask("169.254.169.254", 53), "asgi-open") == "token"


def test_a_health_check_from_its_address_is_answered(site: Web) -> None:
    """As Azure's balancer sends them; the application's answers go to an address that is closed to its questions."""
    request = f"GET /ready HTTP/1.1\\r\\nHost: {site.domain}\\r\\nConnection: close\\r\\n\\r\\n"
    code = CHECK.format(domain=site.domain, request=request)
    assert site.host.run("ip netns exec cloud python3 -", stdin=code).stdout.startswith("HTTP/1.1 200")


def take(site: Web) -> str:
    """Return the result of a question by the socket that the application was handed."""
    site.host.run("systemctl daemon-reload")
    restart(site.host)
    site.host.run("systemctl start take.service")
    log = "journalctl --sync; journalctl --unit=take.service --output=cat --no-pager --lines=10"
    return site.host.run(f"{log} | grep 'came of it' | tail -n 1").stdout.split()[-1]


def test_it_is_closed_to_the_public_socket(site: Web) -> None:
    """An application that stops listening on it, and asks by it instead."""
    site.host.run("cat >/usr/local/lib/take.py", stdin=TAKE)
    site.host.run("cat >/run/systemd/system/take.service", stdin=UNIT)
    try:
        assert take(site) == "ConnectionRefusedError"
        site.host.run("nft flush chain inet asgi_metadata_open closed")
        assert take(site) in ("token", "TimeoutError"), "the firewall may stop the answer, but it was asked"
    finally:
        site.host.run("rm /run/systemd/system/take.service; systemctl daemon-reload")
        restart(site.host, "asgi-metadata@open.service")
    assert https.wait(site.domain, site.host.address, site.ca, "/ready").status_code == 200
