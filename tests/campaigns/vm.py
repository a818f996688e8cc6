"""A Debian 13 with a kernel of its own, from nothing to HTTPS with all of the hardening, and again after a reboot."""

from __future__ import annotations

import json
import os
import sys
import time

from tests import ROOT
from tests.campaigns import exhaustion
from tests.clients import https
from tests.demo import versions
from tests.integration.hosts import Run, playbook
from tests.lab import Lab, LabError
from tests.lab.process import run
from tests.lab.vm import NAME, Vm

HOME = ROOT / ".cache" / "vm"
SMALL = 512  # MiB of memory
CLOCK = "This host's clock says 2019-01-01"
DOMAIN = "shop.vm.test"
# What a container cannot set, and what it can.
PARAMETERS = {
    "kernel.kptr_restrict": "2",
    "kernel.dmesg_restrict": "1",
    "kernel.sysrq": "0",
    "kernel.yama.ptrace_scope": "1",
    "kernel.core_pattern": "|/bin/false",
    "fs.suid_dumpable": "0",
    "fs.protected_fifos": "2",
    "dev.tty.ldisc_autoload": "0",
    "net.core.bpf_jit_harden": "2",
    "net.ipv4.conf.all.accept_redirects": "0",
    "net.ipv4.conf.default.send_redirects": "0",
}
VARIABLES = """\
  vars:
    certificate_email: ops@example.com
    certificate_directory: {directory}
    certificate_ca_file: {ca}
    hardening_bans: true
    hardening_reboot_at: "04:00"
    asgi_apps:
      - name: shop
        git: {git}
        version: v1.0.0
        module: shop.main:app
        domains: [{domain}]
        gate: {{path: /ready, timeout: 300}}
        limits: {limits}
        env: "{{{{ vm_env | default({{}}) }}}}"
        apt: {{run: "{{{{ vm_packages | default([]) }}}}"}}
"""


def verify(vm: Vm, lab: Lab) -> None:
    """Check that the host serves and is hardened."""
    answer = https.wait(DOMAIN, vm.host.address, lab.acme_root, "/version", 120).raise_for_status().json()
    assert answer["version"] == "1.0.0", answer
    for name, expected in PARAMETERS.items():
        result = vm.host.run(f"sysctl -n {name}").stdout.strip()
        assert result == expected, f"{name} is {result} instead of {expected}"
    assert "policy drop" in vm.host.run("nft list table inet asgi_firewall").stdout
    assert vm.host.run("systemctl is-active systemd-timesyncd fail2ban").stdout.split() == ["active", "active"]
    state = vm.host.run("systemctl is-system-running --wait", check=False, timeout=600).stdout.strip()
    failed = vm.host.run("systemctl list-units --failed --plain --no-legend").stdout
    assert state == "running", f"{state}: {failed}"


def little_memory(vm: Vm, lab: Lab) -> None:
    """Check that a host with little memory serves, and gets another release or a message that says what is missing."""
    https.wait(DOMAIN, vm.host.address, lab.acme_root, "/version", 600).raise_for_status()
    changed = f"--extra-vars={json.dumps({'vm_env': {'RUN': 'small'}})}"
    done = playbook(f"--limit={NAME}", changed, inventories=(HOME / "inventory.yml",), ANSIBLE_TIMEOUT="60")
    words = ("memory", "MiB")  # what is needed, what is there, and by which option
    assert done.status == 0 or all(word in done.output for word in words), done.output
    answer = https.wait(DOMAIN, vm.host.address, lab.acme_root, "/version", 600).raise_for_status().json()
    assert answer["version"] == "1.0.0", answer
    killed = vm.host.run("journalctl --dmesg --grep='Out of memory' --quiet", check=False).stdout
    assert not killed, killed


def wrong_clock(vm: Vm) -> None:
    """Check that certificates and packages fail with the time of the host, and that the site serves on."""
    vm.host.run(
        "timedatectl set-ntp false && date --set='2019-01-01 12:00' && systemctl stop nginx && systemctl start nginx"
    )
    try:
        early = "sed -i '1i renew_before_expiry = 36500 days' /var/lib/asgi-deploy/certbot/renewal/shop.conf"
        vm.host.run(f"{early}; ! systemctl start asgi-certificates.service", timeout=600)
        log = vm.host.run("journalctl --unit=asgi-certificates.service --lines=40 --output=cat", timeout=120).stdout
        assert CLOCK in log, log
        vm.host.run("rm -rf /var/lib/apt/lists/* && apt-get -qq purge hello; true", check=False, timeout=300)
        done = playbook(
            f"--limit={NAME}",
            f"--extra-vars={json.dumps({'vm_packages': ['hello']})}",
            inventories=(HOME / "inventory.yml",),
            ANSIBLE_TIMEOUT="60",
        )
        assert done.status and CLOCK in done.output, done.output
    finally:
        vm.host.run(f"date --set=@{int(time.time())} && timedatectl set-ntp true", timeout=120)
    vm.host.run("sed -i '/^renew_before_expiry = 36500/d' /var/lib/asgi-deploy/certbot/renewal/shop.conf")
    vm.host.run("systemctl start asgi-certificates.service", timeout=600)


def main() -> int:
    began = time.monotonic()

    def step(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

    def converge() -> Run:
        return playbook(f"--limit={NAME}", inventories=(HOME / "inventory.yml",), ANSIBLE_TIMEOUT="60").ok()

    os.environ.setdefault("ASGI_TEST_TIMEOUT", "3600")
    lab = Lab("vm")
    vm = Vm(lab)
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        accelerator = vm.up("trixie", step)
        lab.acme_up(step=step)
        lab.set_dns({DOMAIN: vm.host.address})
        repository = lab.repository("shop", HOME / "shop")
        if not repository.tree.exists():
            versions(repository)
        variables = VARIABLES.format(
            directory=lab.acme_directory,
            ca=lab.acme_https_ca,
            git=repository.url,
            domain=DOMAIN,
            limits=json.dumps(exhaustion.LIMITS),
        )
        (HOME / "inventory.yml").write_text(lab.inventory("asgi") + variables)
        step("the playbook, on the bare host")
        converge()
        verify(vm, lab)
        step("once more")
        again = converge()
        assert again.counts(NAME)["changed"] == 0, again.output
        step("processes and memory without end, and what root can do")
        exhaustion.all_of_them(vm.host)
        verify(vm, lab)
        step("a reboot")
        vm.reboot()
        verify(vm, lab)
        step("once more")
        again = converge()
        assert again.counts(NAME)["changed"] == 0, again.output
        step(f"with {SMALL} MiB of memory")
        vm.restart(accelerator, SMALL)
        little_memory(vm, lab)
        step("a clock that is years behind")
        wrong_clock(vm)
        verify(vm, lab)
        step(f"all is well, with {accelerator}")
    except (LabError, AssertionError) as error:
        print(f"{error}\n-- console --\n{vm.console()}")
        return 1
    finally:
        vm.stop()
        lab.down(step)
        run(["rm", "-rf", str(HOME)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
