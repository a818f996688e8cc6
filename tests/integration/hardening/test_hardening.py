"""What a hardened host lets in and what it does not, that a run shuts no one out, and the way back of every part."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.integration.conftest import Web, web
from tests.integration.hosts import DIRECT, HOSTS, PLAIN, SIDE, Run, playbook
from tests.lab.ssh import OPTIONS

INVENTORY = ROOT / "molecule" / "hardening" / "inventory.yml"
SITES = {SIDE: "secure", DIRECT: "open"}
# What is decided in the same way on both is seen on one.
ONCE = pytest.mark.parametrize("site", [DIRECT], indirect=True, scope="module")
RULES = "/etc/asgi-deploy/firewall.nft"
LIVE = "nft --stateless --terse list table inet asgi_firewall"
SETTINGS = "/etc/ssh/sshd_config.d/10-asgi-hardening.conf"
SCANNER = "nmap -n -Pn -p- --min-rate 4000 --max-retries 2 -oG - {address}"


def run_on(name: str, *arguments: str, **variables: Any) -> Run:
    """Run the playbook as in the scenario, on one host, with these variables besides."""
    extra = f"--extra-vars={json.dumps(variables)}"
    return playbook(f"--limit={name}", extra, *arguments, inventories=(HOSTS, INVENTORY))


@pytest.fixture(scope="module", params=sorted(SITES), name="site")
def each_host(request: pytest.FixtureRequest) -> Web:
    """Return a Debian 13 behind nginx, and a Debian 12 without nginx; what the lab says of passwords is taken out."""
    site = web(request.param, SITES[request.param], SITES[request.param])
    site.host.run("sed -i /PasswordAuthentication/d /etc/ssh/sshd_config.d/50-lab.conf && systemctl reload ssh")
    return site


@pytest.fixture(scope="module", name="visitor")
def other_host(site: Web) -> Web:
    """Return the other one."""
    name = next(name for name in SITES if name != site.host.name)
    return web(name, SITES[name], SITES[name])


@pytest.fixture(name="late")
def program_that_came_later(site: Web) -> Iterator[int]:
    """Start a server on all addresses that the inventory does not name, and yield its port."""
    site.host.run("systemd-run --quiet --unit=late python3 -m http.server 9999")
    site.host.run("until ss -ltn | grep -q ':9999 '; do sleep 0.1; done")
    yield 9999
    site.host.run("systemctl stop late.service")


def shared(name: str, command: str) -> None:
    """Run a command by the connection that the last run of the playbook has left open."""
    argv = [str(Path(sys.executable).with_name("ansible")), name, "--become", f"--inventory={HOSTS}"]
    argv += [f"--args={command}"]
    subprocess.run(argv, env={**os.environ, **PLAIN}, check=True, capture_output=True, timeout=120)


def reaches(visitor: Web, site: Web, port: int) -> bool:
    """Return whether a connection comes about, from one host to another."""
    code = f"import socket; socket.create_connection(({site.host.address!r}, {port}), 3).close()"
    return visitor.host.run(f'python3 -c "{code}"', check=False).returncode == 0


def value(site: Web, name: str) -> str:
    return site.host.run(f"sysctl -n {name}").stdout.strip()


def effective(site: Web) -> set[str]:
    return set(site.host.run("sshd -T").stdout.splitlines())


def test_serves(site: Web) -> None:
    assert site.get("/version").status_code == 200


def test_a_scanner_finds_what_is_served_and_nothing_else(site: Web, visitor: Web, late: int) -> None:
    visitor.host.run("command -v nmap || apt-get install -qy --no-install-recommends nmap", timeout=300)
    shown = visitor.host.run(SCANNER.format(address=site.host.address), timeout=300).stdout
    open_ports = {int(port) for port in re.findall(r"(\d+)/open/tcp", shown)}
    expected = {22, 80, 443} if site.host.name == SIDE else {22, 443, 8443}
    assert open_ports <= expected and {22, 443} <= open_ports, shown
    assert "Ignored State: filtered" in shown
    assert not reaches(visitor, site, late)
    assert site.host.run(
        f"curl -s 127.0.0.1:{late} || python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {late}))'"
    )


@pytest.mark.parametrize(
    "thrown",
    [
        "systemctl start nftables.service; systemctl restart nftables.service",
        "systemctl start nftables.service; systemctl stop nftables.service",
        "nft --file /etc/nftables.conf",
        "nft flush ruleset",
        "nft delete table inet asgi_firewall",
    ],
)
def test_rules_that_are_thrown_away_come_back(site: Web, visitor: Web, late: int, thrown: str) -> None:
    site.host.run(thrown)
    site.eventually("nft list table inet asgi_firewall | grep -q 'policy drop'")
    assert not reaches(visitor, site, late)


def test_rules_that_do_not_come_back_are_reported(site: Web) -> None:
    """As where what has them come back was ended."""
    where: dict[str, Any] = {"name": "status", "inventories": (HOSTS, INVENTORY)}
    site.host.run("systemctl stop asgi-firewall-watch.service && nft delete table inet asgi_firewall")
    try:
        output = playbook(f"--limit={site.host.name}", **where).ok().output
        assert "its firewall's rules are not as they were loaded; run site again" in output, output
    finally:
        run_on(site.host.name).ok()
    assert "its firewall's rules" not in playbook(f"--limit={site.host.name}", **where).ok().output
    site.host.run("systemctl is-active asgi-firewall-watch.service")


def test_a_door_for_some(site: Web, visitor: Web) -> None:
    """Port 9100 is open only for the host `side`."""
    site.host.run("systemd-run --quiet --unit=exporter python3 -m http.server 9100")
    site.host.run("until ss -ltn | grep -q ':9100 '; do sleep 0.1; done")
    try:
        assert reaches(visitor, site, 9100) is (visitor.host.name == SIDE)
    finally:
        site.host.run("systemctl stop exporter.service")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("PreferredAuthentications=password,keyboard-interactive", "Permission denied (publickey)"),
        ("KexAlgorithms=diffie-hellman-group14-sha256", "no matching key exchange method found"),
        ("Ciphers=aes128-cbc", "no matching cipher found"),
        ("MACs=hmac-sha1", "no matching MAC found"),
    ],
)
def test_sshd_accepts_only_keys_by_modern_algorithms(site: Web, options: str, message: str) -> None:
    done = attempt(site, options)
    assert done.returncode == 255
    assert message in done.stderr


def attempt(site: Web, options: str) -> subprocess.CompletedProcess[str]:
    """Return the result of a login without a key."""
    argv = ["ssh", "-F", "none", *(word for option in OPTIONS for word in ("-o", option))]
    if "MACs" in options:
        argv += ["-o", "Ciphers=aes256-ctr"]  # the others need no MAC
    argv += ["-o", "NumberOfPasswordPrompts=0", "-o", options, f"admin@{site.host.address}", "true"]
    argv[argv.index("LogLevel=ERROR")] = "LogLevel=INFO"
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_kernel(site: Web) -> None:
    assert value(site, "net.ipv4.conf.all.accept_redirects") == "0"
    assert value(site, "net.ipv4.conf.host0.send_redirects") == "0"
    assert value(site, "net.ipv4.tcp_rfc1337") == "1"
    assert value(site, "net.ipv4.tcp_fin_timeout") == "30"


def test_logins(site: Web) -> None:
    assert site.host.run("su - admin -c umask").stdout.strip() == "0027"
    assert site.host.run("su - admin -c 'ulimit -H -c'").stdout.strip() == "0"
    limits = site.host.run("systemd-run --quiet --wait --pipe sh -c 'ulimit -c'").stdout
    assert limits.strip() == "0"


def test_upgrades_of_security_only(site: Web) -> None:
    settings = site.host.run("apt-config dump").stdout
    patterns = re.findall(r'^Unattended-Upgrade::Origins-Pattern:: "(.*)";$', settings, re.MULTILINE)
    assert patterns and all("label=Debian-Security" in pattern for pattern in patterns)
    assert 'Unattended-Upgrade::Automatic-Reboot-Time "04:00";' in settings
    assert site.host.run("systemctl is-enabled apt-daily-upgrade.timer").stdout.strip() == "enabled"
    dry = site.host.run("unattended-upgrade --dry-run --debug 2>&1", timeout=180).stdout
    assert "label=Debian-Security" in dry


def test_journal_stays_and_has_a_limit(site: Web) -> None:
    assert "SystemMaxUse=1G" in site.host.run("systemd-analyze cat-config systemd/journald.conf").stdout
    assert site.host.run("ls /var/log/journal/*/system.journal").stdout


def test_who_keeps_failing_is_banned(site: Web, visitor: Web) -> None:
    """Only the other host is banned: we go on."""
    ssh = "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=5"
    # The ban may fall on a connection that is being made, which then waits for answers that never come.
    attempts = f"for n in $(seq 12); do timeout 10 {ssh} user-$n@{site.host.address} true; done; true"
    banned = "fail2ban-client status sshd | grep -q " + visitor.host.address
    assert reaches(visitor, site, 22)
    try:
        visitor.host.run(attempts, timeout=150)
        site.host.run(f"for n in $(seq 60); do {banned} && exit 0; sleep 0.5; done; exit 1", timeout=60)
        assert not reaches(visitor, site, 22)
        assert site.host.run("true").returncode == 0
    finally:
        site.host.run(f"fail2ban-client unban {visitor.host.address}")
    assert reaches(visitor, site, 22)


@ONCE
def test_refuses_to_shut_out_a_program(site: Web, late: int) -> None:
    before = site.host.run(LIVE).stdout
    run = run_on(site.host.name, hardening_open=[{"port": 9101}])
    assert run.status != 0
    assert f"hardening_firewall: python3 is reachable at tcp port {late}, and would not be any more" in run.output
    assert (
        f"hardening_open: [{{port: {late}, protocol: tcp}}] if it must be, hardening_close: [{late}] if not"
        in run.output
    )
    assert site.host.run(LIVE).stdout == before


@ONCE
def test_refuses_to_shut_itself_out(site: Web) -> None:
    before = site.host.run(LIVE).stdout
    run = run_on(site.host.name, hardening_ssh_allow=["192.0.2.0/24"])
    assert run.status != 0
    assert "hardening_ssh_allow: this run comes from 198.18.0.1, which is in none of 192.0.2.0/24; add it" in run.output
    assert site.host.run(LIVE).stdout == before


@ONCE
def test_a_rule_that_nft_refuses_changes_nothing(site: Web) -> None:
    before = site.host.run(f"{LIVE}; cat {RULES}").stdout
    run = run_on(site.host.name, hardening_close=[9999], hardening_firewall_rules=["tcp dport 25 acept"])
    assert run.status != 0
    assert "nft refuses the rules; restored as it was, and nothing was changed" in run.output
    assert "tcp dport 25 acept" in run.output and "syntax error, unexpected" in run.output
    assert site.host.run(f"{LIVE}; cat {RULES}").stdout == before
    assert site.host.run("ls /var/lib/asgi-deploy/hardening/undo", check=False).returncode != 0


@ONCE
def test_a_live_connection_survives(site: Web, visitor: Web, late: int) -> None:
    """One that was there before the change goes on after it."""
    argv = site.host.machine.target.argv("echo begun; read -r line; echo got $line")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdin and session.stdout
        assert session.stdout.readline() == "begun\n"
        opened = run_on(site.host.name, hardening_open=[{"port": late}]).ok()
        assert "Connect again" in opened.output
        assert reaches(visitor, site, late)
        session.stdin.write("word\n")
        session.stdin.flush()
        assert session.stdout.readline() == "got word\n"
    run_on(site.host.name, hardening_close=[late]).ok()
    assert not reaches(visitor, site, late)


@ONCE
def test_a_host_that_no_one_can_reach_restores_what_it_had(site: Web) -> None:
    """The run goes on over the connection that it has; a new one is refused, as after a mistake of any kind."""
    host = site.host
    before = host.run(f"{LIVE}; cat {RULES} {SETTINGS}").stdout
    run_on(host.name, "--check").ok()  # from here on there is a connection that is shared
    undo = "/var/lib/asgi-deploy/hardening/undo"
    # Until the host has restored what it had; only for the test, not for longer than ten minutes.
    watch = f"until [ -d {undo} ]; do sleep 0.2; done; while [ -d {undo} ]; do sleep 0.2; done"
    host.run(
        f"systemd-run --quiet --property=RuntimeMaxSec=600 --property='ExecStopPost=rm -f /etc/nologin' sh -c '{watch}'"
    )
    host.run("touch /etc/nologin")
    run = run_on(host.name, hardening_open=[{"port": 9101}], hardening_ssh_root=False)
    assert run.status != 0
    assert run.counts(host.name)["unreachable"] == 1, run.output
    deadline = time.monotonic() + 180
    while host.run("true", check=False).returncode:
        assert time.monotonic() < deadline, "the host cannot be reached any more"
        time.sleep(2)
    assert host.run(f"{LIVE}; cat {RULES} {SETTINGS}").stdout == before
    assert host.run("sshd -T | grep permitrootlogin").stdout.strip() == "permitrootlogin no"  # the test host's own
    assert "Restore the firewall and sshd" in host.run("journalctl --no-pager -u asgi-hardening-undo").stdout


def test_comes_up_hardened(site: Web) -> None:
    site.host.reboot()
    assert "policy drop" in site.host.run(LIVE).stdout
    assert site.host.run("systemctl is-system-running --wait", check=False, timeout=90).stdout.strip() == "running"
    seen = run_on(site.host.name, "--check").ok()
    assert seen.counts(site.host.name)["changed"] == 0, seen.output


@ONCE
def test_switches_off_what_is_named_and_on_again(site: Web) -> None:
    host = site.host
    unit = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
    host.run("cat >/etc/systemd/system/needless.service", stdin=unit)
    host.run("systemctl daemon-reload && systemctl enable --now needless.service")
    run_on(host.name, hardening_services_off=["needless.service"]).ok()
    assert host.run("systemctl is-active needless.service", check=False).stdout.strip() == "inactive"
    assert host.run("systemctl is-enabled needless.service", check=False).stdout.strip() == "disabled"
    run_on(host.name).ok()
    assert host.run("systemctl is-active needless.service").stdout.strip() == "active"
    host.run("systemctl disable --now needless.service && rm /etc/systemd/system/needless.service")


@ONCE
def test_what_sshd_allows_for_some_is_seen(site: Web) -> None:
    file = "/etc/ssh/sshd_config.d/90-backup.conf"
    site.host.run(f"printf 'Match User backup\\n  PasswordAuthentication yes\\n' >{file}")
    try:
        run = run_on(site.host.name)
        assert run.status != 0 and "Nothing was changed" in run.output
        assert f"{file}:2 has passwordauthentication yes for Match user backup" in " ".join(run.output.split())
        run_on(site.host.name, hardening_ssh_exceptions=["user backup"]).ok()
    finally:
        site.host.run(f"rm -f {file}")


def test_undone_and_applied_again(site: Web, visitor: Web, late: int) -> None:
    host = site.host
    run_on(host.name, hardening=False).ok()
    assert reaches(visitor, site, late)
    assert host.run("nft list table inet asgi_firewall", check=False).returncode != 0
    assert not {"x11forwarding no", "loglevel VERBOSE"} <= effective(site)
    assert "Permission denied (publickey,password)" in attempt(site, "PreferredAuthentications=password").stderr
    assert "no matching" not in attempt(site, "MACs=hmac-sha1").stderr
    assert value(site, "net.ipv4.tcp_rfc1337") == "0"
    assert value(site, "net.ipv4.tcp_fin_timeout") == "60"
    assert value(site, "net.ipv4.conf.host0.send_redirects") == "1"
    # As Debian has it: since 13 a user's own group may write.
    assert host.run("su - admin -c umask").stdout.strip() in ("0022", "0002")
    assert host.run("systemctl is-active fail2ban", check=False).stdout.strip() == "inactive"
    assert "SystemMaxUse=1G" not in host.run("systemd-analyze cat-config systemd/journald.conf").stdout
    left = "find /etc -name '*asgi-hardening*' -o -name 'asgi-firewall*' -o -name 'asgi-sysctl*'"
    assert host.run(left).stdout == ""
    assert host.run("find /var/lib/asgi-deploy/hardening -type f").stdout == ""
    again = run_on(host.name, "--check", hardening=False).ok()
    assert again.counts(host.name)["changed"] == 0, again.output


@ONCE
def test_refuses_only_keys_where_there_is_no_key(site: Web) -> None:
    host = site.host
    run_on(host.name, "--check", hardening=False).ok()  # from here on there is a connection that is shared
    keys = "/home/admin/.ssh/authorized_keys"
    shared(host.name, f"mv {keys} {keys}.away")
    try:
        run = run_on(host.name, hardening_close=[9999])
    finally:
        shared(host.name, f"mv {keys}.away {keys}")
    assert run.status != 0
    assert "hardening_ssh: the user admin, as which this run logged in, has no authorized key" in run.output
    assert host.run(f"ls {SETTINGS} {RULES}", check=False).stdout == ""


@ONCE
def test_one_part_without_the_others(site: Web) -> None:
    run_on(site.host.name, hardening_firewall=False, hardening_open=[], hardening_close=[]).ok()
    assert site.host.run("nft list table inet asgi_firewall", check=False).returncode != 0
    assert {"x11forwarding no", "loglevel VERBOSE"} <= effective(site)
    run_on(site.host.name, hardening_close=[9999]).ok()
    assert "policy drop" in site.host.run(LIVE).stdout
