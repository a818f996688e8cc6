"""Runs after the first: they change nothing, say so in check mode too, and cost little; drift is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.conftest import Web
from tests.integration.hosts import RELEASES, playbook

# Modules sent to one host by a run that changes nothing: facts, and a look at the web server, the application, the
# certificate, the release and the hardening. A task that costs a further one belongs into one of these.
ROUND_TRIPS = 6

COUNTING_SSH = """\
#!/bin/sh
# One line for each command sent to a host; looking for the connection to share (-O) is none.
case " $* " in *" -O "*) ;; *) echo . >>'{count}' ;; esac
exec ssh "$@"
"""


def test_check_mode_finds_nothing_to_do() -> None:
    run = playbook("--check", "--diff").ok()
    for host in RELEASES:
        assert run.counts(host)["changed"] == 0, run.output
    for line in run.output.splitlines():
        if line.startswith("included: "):
            assert all(host in line for host in RELEASES), f"hosts wait for each other: {line}"


def test_a_run_that_changes_nothing_takes_few_round_trips(tmp_path: Path) -> None:
    count, ssh = tmp_path / "count", tmp_path / "ssh"
    ssh.write_text(COUNTING_SSH.format(count=count))
    ssh.chmod(0o755)
    run = playbook("--limit=web13", ANSIBLE_SSH_EXECUTABLE=str(ssh)).ok()
    assert run.counts("web13")["changed"] == 0, run.output
    assert len(count.read_text().splitlines()) == ROUND_TRIPS


@pytest.mark.parametrize(
    "damage",
    [
        "sed -i 's/server_tokens off/server_tokens on/' /etc/nginx/nginx.conf",
        "chmod 0666 /etc/nginx/asgi/sites/shop.conf",
        "systemctl disable --now nginx.service",
        "systemctl stop asgi-shop@$(basename $(readlink /srv/asgi/shop/current)).socket",
        "systemctl disable --now asgi-certificates.timer",
    ],
)
def test_drift_is_seen_and_mended(webs: list[Web], damage: str) -> None:
    web = webs[-1]
    web.host.run(damage)
    seen = playbook("--check", f"--limit={web.host.name}").ok()
    assert seen.counts(web.host.name)["changed"] == 1, seen.output
    mended = playbook(f"--limit={web.host.name}").ok()
    assert mended.counts(web.host.name)["changed"] == 1, mended.output
    assert web.get("/version").status_code == 200
    assert web.host.run("systemctl is-active asgi-certificates.timer").stdout.strip() == "active"
