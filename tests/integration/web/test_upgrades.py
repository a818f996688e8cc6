"""Packages are upgraded while the site serves, as each night, and no visitor notices."""

from __future__ import annotations

from tests.integration.conftest import Web
from tests.integration.release.test_releases import traffic
from tests.integration.web.conftest import Site

# The same versions again: their scripts stop, reload and start what a newer one would.
UPGRADE = """\
#!/bin/sh -e
export DEBIAN_FRONTEND=noninteractive
python=$(dpkg-query --show --showformat='${Package}\\n' 'python3.*-minimal')
ssl=$(dpkg-query --show --showformat='${Package}\\n' 'libssl3*')
apt-get -q --yes -o DPkg::Lock::Timeout=60 --reinstall install PACKAGES
"""
VISITORS = {"get": 1, "new": 1, "post": 1, "http2": 1, "websocket": 0, "pause": 0.25}  # below the site's rate

# When a new nginx takes over, or it reloads, versions before 1.27.4 close a kept connection of HTTP/1.1 that is idle,
# also while a request is on its way to it: docs/web.md has how often. Visitors of all other kinds must lose nothing.
NONE_KEPT = {"get": 0, "post": 0}


def upgrade(site: Web, packages: str) -> None:
    """Install them once more, as apt's timer does: in a service, without a terminal."""
    site.host.run("cat >/run/upgrade", stdin=UPGRADE.replace("PACKAGES", packages))
    site.host.run("systemd-run --quiet --wait --collect --unit=upgrade sh -e /run/upgrade", timeout=300)


def serving(site: Site) -> list[str]:
    """Return the times when nginx and the application started, and whether the firewall is there."""
    units = f"nginx.service asgi-{site.app}@{site.live()}.service asgi-firewall.service"
    return site.host.run(f"systemctl show --property=MainPID,ActiveState {units}").stdout.split()


def test_upgrades_lose_no_request(site: Site) -> None:
    before = serving(site)
    with traffic([site], **VISITORS):
        upgrade(site, "systemd libsystemd0 openssl $python")
    assert serving(site) == before
    assert site.version()["release"] == site.live()


def test_nginx_upgrades_itself_without_losing_a_request(site: Site) -> None:
    """Debian's package would restart it, and refuse who connects at that moment; a new one takes over instead."""
    before = serving(site)
    with traffic([site], **VISITORS | NONE_KEPT):
        upgrade(site, "nginx nginx-common")
        site.eventually("test $(systemctl show --property=MainPID --value nginx.service) = $(cat /run/nginx.pid)")
    after = serving(site)
    assert after != before and [line for line in after if "State" in line] == ["ActiveState=active"] * 3
    assert site.get("/version").json()["release"] == site.live()
