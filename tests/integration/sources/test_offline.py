"""A host that reaches nothing but its controller and its CA: environments come only from a wheelhouse."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest

from tests import ROOT
from tests.integration.hosts import DOMAIN, HOSTS, playbook
from tests.integration.sources.conftest import GLIBC, PYTHON, App
from tests.integration.sources.prepare import INVENTORY

Apps = Callable[[str], App]

ENTRY = {
    "name": "offline",
    "directory": "sources/directory",
    "wheelhouse": "sources/wheels",
    "module": "shop.main:app",
    "domains": [f"offline.{DOMAIN}"],
    "workers": 1,
    "gate": {"path": "/ready"},
    "watch": {"seconds": 1},
}
INSTALL = (
    "DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=60 install --no-install-recommends nftables"
)
# The lab's own range holds the controller and the ACME server.
RULES = """\
table inet cut {
  chain out {
    type filter hook output priority 0; policy accept;
    ip daddr { 127.0.0.0/8, 198.18.0.0/15 } accept
    ip6 daddr { ::1, ff00::/8 } accept
    counter drop
  }
}
"""
CACHES = ("/var/cache/asgi/uv", "/var/cache/asgi/pip", "/root/.cache/pip")
REACHES = (
    "/opt/asgi/uv-*/bin/python -m pip --retries 0 --timeout 3 download --quiet --no-cache-dir --no-deps -d /tmp/x idna"
)


@pytest.fixture(name="cut", scope="module")
def network_cut(app: Apps) -> Iterator[App]:
    """Cut the network, and remove uv and every cache, as on a host that never reached an index."""
    offline = App("offline", ENTRY)
    host = offline.host
    host.run(f"command -v nft >/dev/null || {INSTALL}", timeout=120)
    host.run("nft -f -", stdin=RULES)
    try:
        assert host.run(REACHES, check=False, timeout=120).returncode != 0
        # The caches are shared between the lab's hosts, so they are hidden and not removed.
        host.run("rm -rf /opt/asgi/uv-* /opt/asgi/certbot")
        for folder in CACHES:
            host.run(f"mkdir -p {folder} && mount -t tmpfs none {folder}")
        yield offline
    finally:
        host.run(f"nft delete table inet cut; umount {' '.join(CACHES)}", check=False)


def test_installs_with_uv_out_of_the_wheelhouse(cut: App) -> None:
    cut.run().ok()
    assert cut.version()["version"] == "1.3.0"
    assert "/bin/uv" in cut.host.run("ls /opt/asgi/uv-*/bin/uv").stdout
    cfg = cut.host.run("cat /srv/asgi/offline/current/venv/pyvenv.cfg").stdout
    assert "uv = " in cfg
    assert cut.record()["wheelhouse"]
    # Certbot comes out of it, too, and got the certificate that the answer above was checked by.
    pinned = re.search(r"^certbot==(\S+)", (ROOT / "roles/certificate/files/certbot.txt").read_text(), re.MULTILINE)
    assert pinned and cut.host.run("/opt/asgi/certbot/bin/certbot --version").stdout == f"certbot {pinned[1]}\n"
    assert cut.run().ok().counts("apps")["changed"] == 0


def test_installs_with_pip(cut: App) -> None:
    before = cut.version()["release"]
    cut.run(installer="pip").ok()
    assert cut.version()["release"] != before
    assert "uv = " not in cut.host.run("cat /srv/asgi/offline/current/venv/pyvenv.cfg").stdout


def test_says_which_wheel_is_missing(cut: App) -> None:
    output = cut.refused(server_requirements=["gunicorn==27.0.1", "uvicorn==0.54.0", "uvicorn-worker==0.3.0"])
    assert "the virtual environment could not be built:" in output
    assert "uvicorn-worker" in output.partition("could not be built:")[2]


def test_names_what_has_no_wheel_for_the_host() -> None:
    entry = {**ENTRY, "server_requirements": ["uwsgi"]}
    variables = json.dumps({"asgi_apps": [entry]})
    run = playbook("--extra-vars", variables, name="wheelhouse", inventories=(HOSTS, INVENTORY))
    assert run.status != 0
    lacks = f"wheelhouse: not everything is there as a wheel for Python {PYTHON} on x86_64 with glibc {GLIBC}:"
    assert lacks in run.output
    assert "uwsgi" in run.output.partition(lacks)[2]
