"""Runs after the first: they change nothing, say so in check mode too, and cost little; drift is repaired."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.conftest import Web
from tests.integration.hosts import WEBS, playbook

# What is sent to one host by a run that changes nothing: the question for facts, and one inspection for all that is
# desired. A task that costs a further one belongs into the inspection.
ROUND_TRIPS = 2
# Tasks of such a run, skipped ones included; each costs the controller a few hundredths of a second for every host.
TASKS = 3

pytestmark = pytest.mark.usefixtures("the_inventorys_release")  # `make faults` comes from others

COUNTING_SSH = """\
#!/bin/sh
# One line for each command sent to a host; looking for the connection to share (-O) is none.
case " $* " in *" -O "*) ;; *) echo . >>'{count}' ;; esac
exec ssh "$@"
"""


def test_check_mode_finds_nothing_to_do() -> None:
    run = playbook("--check", "--diff").ok()
    for host in WEBS:
        assert run.counts(host)["changed"] == 0, run.output
    for line in run.output.splitlines():
        if line.startswith("included: "):
            assert all(host in line for host in WEBS), f"hosts wait for each other: {line}"


def test_a_run_that_changes_nothing_takes_few_round_trips(tmp_path: Path) -> None:
    count, ssh = tmp_path / "count", tmp_path / "ssh"
    ssh.write_text(COUNTING_SSH.format(count=count))
    ssh.chmod(0o755)
    run = playbook("--limit=web1", ANSIBLE_SSH_EXECUTABLE=str(ssh)).ok()
    assert run.counts("web1")["changed"] == 0, run.output
    assert len(count.read_text().splitlines()) == ROUND_TRIPS
    assert run.output.count("\nTASK [") == TASKS, run.output


class Damage(NamedTuple):
    """Something that a run has to find and repair; `seen` succeeds only while it is there."""

    do: str
    seen: str


RELEASE = "/srv/asgi/shop/current"
CERTIFICATE = "/etc/asgi-deploy/tls/shop/combined.pem"
# One of each kind that is inspected.
DAMAGES = {
    "a package": Damage(
        "apt-get remove -qy unattended-upgrades", "! dpkg -s unattended-upgrades | grep -q '^Status.* installed'"
    ),
    "a file's text": Damage(
        "sed -i 's/server_tokens off/server_tokens on/' /etc/nginx/nginx.conf",
        "grep -q 'server_tokens on' /etc/nginx/nginx.conf",
    ),
    "a file's mode": Damage(
        "chmod 0666 /etc/nginx/asgi/sites/shop.conf", "find /etc/nginx/asgi/sites -perm 666 | grep -q ."
    ),
    "a file's owner": Damage("chown man /etc/nginx/asgi/http.conf", "find /etc/nginx/asgi -user man | grep -q ."),
    "a directory's mode": Damage(
        "chmod 0777 /etc/nginx/asgi/auth", "find /etc/nginx/asgi -type d -perm 777 | grep -q ."
    ),
    "what must not be there": Damage(
        "ln -s ../sites-available/default /etc/nginx/sites-enabled/default", "test -e /etc/nginx/sites-enabled/default"
    ),
    "a unit of the host": Damage("systemctl disable --now asgi-logs.timer", "! systemctl is-active asgi-logs.timer"),
    "the renewal": Damage(
        "systemctl disable --now asgi-certificates.timer", "! systemctl is-enabled asgi-certificates.timer"
    ),
    "the certificate": Damage(f"rm {CERTIFICATE}", f"! test -s {CERTIFICATE}"),
    "certbot": Damage("rm /opt/asgi/certbot/.complete", "! test -e /opt/asgi/certbot/.complete"),
    "the release's socket": Damage(
        f"systemctl stop asgi-shop@$(basename $(readlink {RELEASE})).socket",
        f"! systemctl is-active asgi-shop@$(basename $(readlink {RELEASE})).socket",
    ),
    "a file of the release": Damage(f"echo : by hand >>{RELEASE}/drain.sh", f"grep -q 'by hand' {RELEASE}/drain.sh"),
    "who reads the environment": Damage(
        f"chmod 0644 {RELEASE}/environment", f"find {RELEASE}/environment -perm 644 | grep -q ."
    ),
    "a unit of the release": Damage(
        f"echo Environment=BY=hand >>/etc/systemd/system/asgi-shop@$(basename $(readlink {RELEASE})).service",
        f"grep -q BY=hand /etc/systemd/system/asgi-shop@$(basename $(readlink {RELEASE})).service",
    ),
    "the folder of its releases": Damage(
        "chmod 0777 /srv/asgi/shop", "find /srv/asgi/shop -maxdepth 0 -perm 777 | grep -q ."
    ),
    "its code": Damage(f"chmod 0777 {RELEASE}/src", f"find {RELEASE}/src -maxdepth 0 -perm 777 | grep -q ."),
    "its virtual environment": Damage(f"rm {RELEASE}/venv/bin/gunicorn", f"! test -e {RELEASE}/venv/bin/gunicorn"),
    "the key's mode": Damage(f"chmod 0644 {CERTIFICATE}", f"find {CERTIFICATE} -perm 644 | grep -q ."),
    "the shell of its user": Damage("usermod -s /bin/bash asgi-shop", "getent passwd asgi-shop | grep -q bash"),
    "the groups of its user": Damage("usermod -aG sudo asgi-shop", "id -Gn asgi-shop | grep -q sudo"),
    "what starts at boot": Damage(
        "systemctl disable asgi-boot@shop.service", "! systemctl is-enabled asgi-boot@shop.service"
    ),
    # By themselves they come back at once.
    "the firewall's rules": Damage(
        "systemctl stop asgi-firewall-watch.service && nft flush ruleset",
        "! nft list table inet asgi_firewall | grep -q drop",
    ),
    "the firewall at boot": Damage(
        "systemctl disable asgi-firewall.service", "! systemctl is-enabled asgi-firewall.service"
    ),
    "sshd's settings": Damage(
        "chmod 0644 /etc/ssh/sshd_config.d/10-asgi-hardening.conf",
        "find /etc/ssh/sshd_config.d -perm 644 | grep -q asgi",
    ),
    "a kernel parameter": Damage(
        "sysctl -qw net.ipv4.conf.all.send_redirects=1", "sysctl -n net.ipv4.conf.all.send_redirects | grep -qx 1"
    ),
}


# nginx takes no change while a certificate that it serves is missing, so that comes by itself.
ONLY_CERTIFICATE = ["the certificate"]
TOGETHER = [name for name in DAMAGES if name not in ONLY_CERTIFICATE]


@pytest.mark.parametrize("names", [TOGETHER, ONLY_CERTIFICATE], ids=["together", "certificate"])
def test_drift_of_every_kind_is_seen_and_repaired(webs: list[Web], names: list[str]) -> None:
    web = webs[-1]

    def there() -> list[str]:
        return [name for name, damage in DAMAGES.items() if web.host.run(damage.seen, check=False).returncode == 0]

    assert there() == []
    for name in names:
        web.host.run(DAMAGES[name].do)
    assert there() == names
    seen = playbook("--check", f"--limit={web.host.name}").ok()
    assert seen.counts(web.host.name)["changed"] > 0, seen.output
    assert there() == names, "check mode changed something"
    playbook(f"--limit={web.host.name}").ok()
    assert there() == []
    assert not web.inside.file("/run/asgi-install.environment").exists, (
        "packages are installed, and their unit has ended"
    )
    assert web.get("/version").status_code == 200
    assert playbook(f"--limit={web.host.name}").ok().counts(web.host.name)["changed"] == 0


def test_what_systemd_does_not_install_in_the_background_is_installed_by_the_task_that_needs_it(
    webs: list[Web],
) -> None:
    web, package = webs[-1], DAMAGES["a package"]
    web.host.run(f"{package.do} && systemctl mask --runtime asgi-install.service")
    try:
        playbook(f"--limit={web.host.name}").ok()
    finally:
        web.host.run("systemctl unmask --runtime asgi-install.service")
    assert web.host.run(package.seen, check=False).returncode != 0
    # It may hold the way to a proxy, with its password.
    assert not web.inside.file("/run/asgi-install.environment").exists


@pytest.mark.campaign
@pytest.mark.parametrize("name", list(DAMAGES))
def test_each_drift_is_seen_by_itself(webs: list[Web], name: str) -> None:
    """Each by itself makes a run enter its role; found together, one might be repaired because of another."""
    web, damage = webs[-1], DAMAGES[name]
    web.host.run(damage.do)
    playbook(f"--limit={web.host.name}").ok()
    assert web.host.run(damage.seen, check=False).returncode != 0
