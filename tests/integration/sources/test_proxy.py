"""A host whose only way out is an HTTP proxy with a password, and that a former set-up of certbot was left on.

Its hooks stop nginx, and its settings have certbot answer the CA by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import yaml

from tests.integration.hosts import DOMAIN, HELPER, HOSTS, LAB, Run
from tests.integration.sources.conftest import App
from tests.integration.sources.test_offline import CACHES as OF_INDEX
from tests.integration.sources.test_offline import ENTRY

Apps = Callable[[str], App]

CACHES = (*OF_INDEX, "/var/cache/apt/archives")  # which the hosts of a lab share, so that they are hidden
PASSWORD, PORT = "hunter2-of-the-proxy", 8888
APT = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=60 install --no-install-recommends"
SETTINGS = f"""\
User tinyproxy
Group tinyproxy
Port {PORT}
Timeout 600
LogFile "/var/log/tinyproxy/tinyproxy.log"
LogLevel Connect
BasicAuth ops {PASSWORD}
"""
RULES = """\
table inet cut {{
  chain out {{
    type filter hook output priority 0; policy accept;
    ct state established,related accept
    tcp sport {{ 80, 443 }} accept
    oifname lo accept
    meta l4proto {{ tcp, udp }} th dport 53 accept
    ip daddr {proxy} tcp dport {port} accept
    ip6 daddr ff00::/8 accept
    counter reject
  }}
}}
"""
LEFT = """\
mkdir -p /etc/letsencrypt/renewal-hooks/pre /etc/letsencrypt/renewal-hooks/post /etc/letsencrypt/renewal-hooks/deploy
for when in pre post deploy; do
  printf '#!/bin/sh\\ntouch /run/hook-of-others\\nsystemctl stop nginx\\n' >/etc/letsencrypt/renewal-hooks/$when/nginx
  chmod 0755 /etc/letsencrypt/renewal-hooks/$when/nginx
done
mkdir -p /root/.config/letsencrypt
printf 'authenticator = standalone\\npre-hook = systemctl stop nginx\\n' >/etc/letsencrypt/cli.ini
printf 'server = https://ca.invalid/directory\\nkey-type = rsa\\n' >/root/.config/letsencrypt/cli.ini
"""
FORGET = (
    "rm -rf /etc/letsencrypt /root/.config/letsencrypt /run/hook-of-others; nft delete table inet cut; "
    f"umount {' '.join(CACHES)}; systemctl stop watched; rm -f /dev/shm/pattern"
)
# All users of the host see the command lines of all processes. What searches has the password in a file.
PATTERN = "/dev/shm/pattern"  # in memory, and only root's
WATCH = f"while :; do grep -las -f {PATTERN} /proc/[0-9]*/cmdline; sleep 0.05; done"
SERVED = f"openssl s_client -connect 127.0.0.1:443 -servername offline.{DOMAIN} </dev/null 2>/dev/null | openssl x509"


@dataclass(frozen=True)
class Behind:
    """The application, on the host behind the proxy."""

    app: App

    @property
    def proxy(self) -> str:
        return f"http://ops:{PASSWORD}@{LAB.host(HELPER).address}:{PORT}"

    def site(self, proxy: str | None = None) -> Run:
        """Return the playbook with an application that comes by git and needs packages of Debian and of an index."""
        changes = {
            **{"directory": None, "wheelhouse": None, "git": "{{ shop_repository }}", "version": "v1.0.0"},
            **{"apt": {"run": ["hello"]}, "build": {"commands": [FETCHES], "network": True}},
        }
        return self.app.run("--extra-vars", json.dumps({"asgi_http_proxy": proxy or self.proxy}), "-vvv", **changes)

    def asked(self) -> str:
        """Return what the proxy has been asked for."""
        return LAB.host(HELPER).run("cat /var/log/tinyproxy/tinyproxy.log").stdout


MIRROR = "http://deb.debian.org/debian/dists/trixie/InRelease"
FETCHES = f"python -c \"import urllib.request; urllib.request.urlopen('{MIRROR}')\""
RENEWAL = "/var/lib/asgi-deploy/certbot/renewal/offline.conf"
PENDING = "renew_before_expiry = 3650 days"


@pytest.fixture(name="behind", scope="module")
def behind_a_proxy(app: Apps) -> Iterator[Behind]:
    helper, offline = LAB.host(HELPER), App("offline", ENTRY)
    helper.run(f"command -v tinyproxy >/dev/null || {APT} tinyproxy", timeout=240)
    helper.run("cat >/etc/tinyproxy/tinyproxy.conf && systemctl restart tinyproxy", stdin=SETTINGS)
    helper.run(": >/var/log/tinyproxy/tinyproxy.log")
    host = offline.host
    host.run(f"command -v nft >/dev/null || {APT} nftables", timeout=120)
    host.run(LEFT)
    # As on a host that never had a certificate of this name, nor certbot, nor the package.
    host.run("/opt/asgi/bin/certbot delete --non-interactive --cert-name=offline", check=False)
    host.run("rm -rf /opt/asgi/certbot /etc/asgi-deploy/certificates/offline; apt-get -qq purge hello", check=False)
    for folder in CACHES:
        host.run(f"mkdir -p {folder} && mount -t tmpfs none {folder}")
    host.run("mkdir /var/cache/apt/archives/partial")
    host.run("nft -f -", stdin=RULES.format(proxy=helper.address, port=PORT))
    host.run(f"umask 077; cat >{PATTERN}", stdin=f"{PASSWORD}\n")
    host.run(f"systemd-run --quiet --unit=watched --property=StandardOutput=file:/run/watched sh -c '{WATCH}'")
    try:
        assert host.run(f"curl -sm5 {LAB.acme_directory} || apt-get -qq download hello", check=False).returncode
        yield Behind(offline)
    finally:
        # What had it renewed would have each later run of the timer renew it.
        host.run(f"sed -i '/^{PENDING}$/d' {RENEWAL}", check=False)
        host.run(FORGET, check=False)


def test_a_first_run_passes_by_the_proxy_and_by_nothing_that_was_left(behind: Behind) -> None:
    host = behind.app.host
    nginx = host.run("systemctl show --property=InvocationID --value nginx").stdout
    run = behind.site().ok()
    assert "[WARNING]: offline" not in run.output, run.output
    assert behind.app.version()["version"] == "1.0.0", "by a certificate of the CA"
    assert PASSWORD not in run.output
    asked = behind.asked()
    authority = LAB.acme_directory.split("/")[2]
    server = yaml.safe_load(HOSTS.read_text())["all"]["vars"]["shop_repository"].split("/")[2]
    for line in (f"CONNECT {authority}", f"CONNECT {server}", "GET http://deb.debian.org/"):
        assert line in asked, asked
    assert host.run("systemctl show --property=InvocationID --value nginx").stdout == nginx, "it was stopped"
    assert host.run("ls /run/hook-of-others", check=False).returncode


def test_a_renewal_does_so_too(behind: Behind) -> None:
    host = behind.app.host
    before, nginx = host.run(SERVED).stdout, host.run("systemctl show --property=InvocationID --value nginx").stdout
    asked = behind.asked().count("CONNECT ")
    host.run(f"sed -i '1i {PENDING}' {RENEWAL}")
    host.run("systemctl start asgi-certificates.service", timeout=240)
    assert host.run(SERVED).stdout != before
    assert behind.asked().count("CONNECT ") > asked
    assert host.run("systemctl show --property=InvocationID --value nginx").stdout == nginx, "it was stopped"
    assert host.run("ls /run/hook-of-others", check=False).returncode


def test_the_password_is_only_in_files_of_root(behind: Behind) -> None:
    host = behind.app.host
    host.run("systemctl stop watched")
    assert host.run("cat /run/watched").stdout == "", "in the list of processes"
    assert PASSWORD not in host.run("systemctl show '*'").stdout
    files = host.run(f"grep -rlsF -f {PATTERN} /etc /opt /run /srv /var/lib /var/log /usr/local", check=False).stdout
    assert sorted(files.split()) == ["/etc/asgi-deploy/acme-environment", "/etc/asgi-deploy/updates-environment"]
    assert set(host.run(f"stat -c %a:%U {files.replace(chr(10), ' ')}").stdout.split()) == {"600:root"}
    units = host.run("systemctl show --property=EnvironmentFiles --value apt-daily.service apt-daily-upgrade.service")
    assert units.stdout.count("/etc/asgi-deploy/updates-environment") == 2


def test_a_host_that_has_none_any_more_keeps_no_password(behind: Behind) -> None:
    host = behind.app.host
    host.run("nft delete table inet cut")
    behind.app.run(directory=None, wheelhouse=None, git="{{ shop_repository }}", version="v1.0.0").ok()
    assert host.run(f"grep -rlsF -f {PATTERN} /etc /opt /run /srv /var/lib /var/log", check=False).stdout == ""
    assert host.run("ls /etc/systemd/system/apt-daily.service.d/60-asgi-proxy.conf", check=False).returncode
