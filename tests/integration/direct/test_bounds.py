"""Hosts that an application may not reach, by a socket that systemd made: its unit bounds only those that it makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import yaml

from tests.clients import https
from tests.integration.conftest import Web, web
from tests.integration.direct.public_socket import restart
from tests.integration.hosts import DIRECT, HOSTS, playbook
from tests.lab.acme import DIRECTORY
from tests.lab.network import GATEWAY

from .test_direct import INVENTORY

KINDS = ("listening", "accepted")
# The kernel forgets that a socket listened, or from whom it was accepted, and connects it then.
TAKE = """\
import ctypes, socket, sys
kind, address, port = sys.argv[1:]
taken = socket.socket(fileno=3)
taken.setblocking(True)
if kind == "accepted":
    visitor = socket.create_connection(("::1", taken.getsockname()[1]))
    taken = taken.accept()[0]
ctypes.CDLL(None).connect(taken.fileno(), bytes(16), 16)
taken.settimeout(3)
try:
    taken.connect(("::ffff:" + address, int(port)))
    print("came of it: connected")
except OSError as error:
    print("came of it:", type(error).__name__)
"""
UNIT = """\
[Service]
Type=oneshot
User=asgi-open
Sockets=asgi-open.public.socket
ExecStart=python3 /usr/local/lib/take.py COMMAND
"""


@pytest.fixture(name="site", scope="module")
def bounded_site() -> Iterator[Web]:
    """Yield the application, which may reach the CA, and nothing else that is not on loopback."""
    apps = yaml.safe_load(INVENTORY.read_text())["asgi"]["vars"]["asgi_apps"]
    index = {"hosts": ["packages.example.com"]}  # its environment is there, and nothing is built
    bounded = [{**app, "index": index, "sandbox": {"outgoing": [GATEWAY]}} for app in apps if app["name"] == "open"]
    inventory = HOSTS.parent / "bounded.yml"
    inventory.write_text(json.dumps({"asgi": {"vars": {"asgi_apps": bounded + apps[1:]}}}))
    playbook(inventories=(HOSTS, INVENTORY, inventory)).ok()
    site = web(DIRECT, "open", "open")
    site.host.run("cat >/usr/local/lib/take.py", stdin=TAKE)
    yield site
    site.host.run("rm -f /run/systemd/system/take.service; systemctl daemon-reload")
    playbook(inventories=(HOSTS, INVENTORY)).ok()


def take(site: Web, kind: str, address: str, port: int) -> str:
    """Return the result of a connection by the socket that the application was handed, or by one that
    it has accepted.
    """
    unit = UNIT.replace("COMMAND", f"{kind} {address} {port}")
    site.host.run("cat >/run/systemd/system/take.service", stdin=unit)
    site.host.run("systemctl daemon-reload; systemctl stop 'asgi-open@*.service'")
    restart(site.host)
    site.host.run("systemctl start take.service")
    log = "journalctl --sync; journalctl --unit=take.service --output=cat --no-pager --lines=10"
    return site.host.run(f"{log} | grep 'came of it' | tail -n 1").stdout.split()[-1]


@pytest.fixture(autouse=True)
def serving_again(site: Web) -> Iterator[None]:
    yield
    restart(site.host, "asgi-metadata@open.service")
    site.host.run(f"systemctl start asgi-open@{site.live()}.service")
    assert https.wait(site.domain, site.host.address, site.ca, "/ready").status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_other_hosts_cannot_be_reached_by_the_public_socket(site: Web, kind: str) -> None:
    """Nor the host itself by an address that is not loopback; what is listed can."""
    assert take(site, kind, site.host.address, 22) == "ConnectionRefusedError"
    counted = site.host.run("nft list counter inet asgi_metadata_open outgoing").stdout
    assert "packets 0" not in counted, "what status and release_info report"
    assert take(site, kind, GATEWAY, urlsplit(DIRECTORY).port or 0) == "connected"


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_rules_they_can(site: Web, kind: str) -> None:
    site.host.run("nft flush chain inet asgi_metadata_open bounded")
    assert take(site, kind, site.host.address, 22) == "connected"
