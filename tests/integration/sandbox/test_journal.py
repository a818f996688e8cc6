"""What an application logs takes nothing from the host and from others, however much it is; where it is read and kept.

The entry of `attacked` gives its journal 16 MiB.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator

import pytest

from tests.integration.hosts import logs
from tests.integration.sandbox.conftest import Prey, scenario

SIZE = 16 * 1024  # KiB
OWN_UNITS = "--unit='asgi-attacked@*'"
OWN = f"--namespace=+asgi-attacked {OWN_UNITS}"
SMALL = "/run/systemd/journald.conf.d/small.conf"
# 200 MB in lines that journald does not cut, and cannot compress to less than three quarters.
FLOOD = """\
import base64, os
for number in range(5000):
    os.write(2, b"{flood} %d " % number + base64.b64encode(os.urandom(30_000)) + b"\\n")
os.write(2, b"{flood} has ended\\n")
"""
BURST = """\
import os
os.write(2, b"{burst} begins\\n")
for number in range({count}):
    os.write(2, b"{burst} %d\\n" % number)
"""
# As sd_journal_send(3) writes it, with fields that are not an application's to give.
FORGED = """\
import socket
fields = {"MESSAGE": "forged by the application", "PRIORITY": "2", "UNIT": "asgi-attacked@forged.service",
    "OBJECT_SYSTEMD_UNIT": "asgi-attacked@forged.service", "COREDUMP_UNIT": "asgi-attacked@forged.service",
    "_PID": "1", "_UID": "0", "_SYSTEMD_UNIT": "init.scope", "__REALTIME_TIMESTAMP": "1"}
text = "".join(f"{name}={value}\\n" for name, value in fields.items())
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
    journal.sendto(text.encode(), "/run/systemd/journal/socket")
"""


@pytest.fixture(scope="module")
def flooded(attacked: Prey, neighbour: Prey) -> Iterator[str]:
    """Yield the mark of a flood that the application has logged, after a line of the host, of a neighbour and its
    own.

    The host's own journal takes no more than the application's just then: what fills it would be seen soon.
    """
    attacked.host.run(f"mkdir -p $(dirname {SMALL}); printf '[Journal]\\nSystemMaxUse=16M\\n' >{SMALL}")
    attacked.host.run("systemctl restart systemd-journald")
    flood = f"flood {uuid.uuid4()}"
    attacked.host.run(f"logger --tag=sshd 'Accepted publickey for who came before {flood}'")
    for site in (neighbour, attacked):
        site.attack(f"import os; os.write(2, b'{site.app} before {flood}\\n')")
    assert attacked.attack(FLOOD.format(flood=flood))["error"] is None
    attacked.eventually(f"journalctl --quiet --output=cat {OWN} --lines=20 | grep -qx '{flood} has ended'")
    yield flood
    attacked.host.run(f"rm {SMALL}; systemctl restart systemd-journald")


def said(site: Prey, text: str, options: str = "") -> bool:
    """Return whether a journal of the host has a line with this text."""
    result = site.host.run(
        f"journalctl --quiet --no-pager --output=cat {options} --grep='{text}' --lines=1", check=False
    )
    return bool(result.stdout.strip())


def test_a_burst_of_a_busy_application_is_kept(opened: Prey) -> None:
    """By the journal of the host as well, whose own limit is 10,000 records in 30 seconds, or some times that.

    It comes before the flood, for which that journal is small.
    """
    burst, count = f"burst {uuid.uuid4()}", 45_000
    assert opened.attack(BURST.format(burst=burst, count=count))["error"] is None
    last = f"journalctl --quiet --output=cat --identifier=opened --lines=200 | grep -qx '{burst} {count - 1}'"
    opened.eventually(last)
    kept = opened.host.run(f"journalctl --quiet --output=cat --identifier=opened | grep -c '^{burst} '").stdout
    assert int(kept) == count + 1


def test_a_flood_takes_nothing_from_others(attacked: Prey, flooded: str) -> None:
    assert said(attacked, f"who came before {flooded}", "--identifier=sshd"), "the flood erased a login"
    assert said(attacked, f"neighbour before {flooded}", "--namespace=+asgi-neighbour --unit='asgi-neighbour@*'")
    assert not said(attacked, flooded, OWN_UNITS), "it is in the host's journal"
    taken = attacked.host.run("du --summarize --block-size=1K --total /var/log/journal/*.asgi-attacked").stdout
    assert SIZE // 2 < int(taken.splitlines()[-1].split()[0]) <= SIZE, taken


def test_it_takes_what_is_in_the_same_journal(attacked: Prey, flooded: str) -> None:
    assert said(attacked, f"{flooded} has ended", OWN)
    assert not said(attacked, f"attacked before {flooded}", OWN)


def test_what_it_logs_by_each_way_is_in_its_own_journal(attacked: Prey) -> None:
    ways = {
        "by its output": "import os; os.write(1, b'{text}\\n')",
        "by syslog": "import syslog; syslog.syslog('{text}')",
        "by a command": "import subprocess; subprocess.run(['logger', '{text}'], check=True)",
    }
    for way, code in ways.items():
        text = f"said {way}: {uuid.uuid4()}"
        assert attacked.attack(code.format(text=text))["error"] is None
        attacked.eventually(f"journalctl --quiet --namespace=asgi-attacked --output=cat --lines=20 | grep -qx '{text}'")
        assert not said(attacked, text, OWN_UNITS), way


def test_what_it_forges_is_not_believed(attacked: Prey) -> None:
    assert attacked.attack(FORGED)["error"] is None
    attacked.eventually("journalctl --quiet --namespace=asgi-attacked --lines=20 | grep -q 'forged by the application'")
    lines, _cursor = logs(attacked.host.name, "attacked", lines=20)
    [line] = [line for line in lines if line.endswith("forged by the application")]
    assert line.split()[2] == attacked.live(), line


def test_one_that_logs_to_the_hosts(opened: Prey) -> None:
    """For a log shipper that reads no other: log: {journal: host}."""
    assert opened.attack("import os; os.write(2, b'opened to the host\\n')")["error"] is None
    opened.eventually("journalctl --quiet --output=cat --identifier=opened --lines=20 | grep -qx 'opened to the host'")
    assert any(line.endswith("opened to the host") for line in logs(opened.host.name, "opened")[0])
    assert opened.host.run("ls -d /var/log/journal/*.asgi-opened", check=False).returncode != 0


def test_what_the_host_says_of_its_journal_holds_for_it(attacked: Prey) -> None:
    """But for the size; here it is what the role hardening writes."""
    settings = attacked.host.run("systemd-analyze cat-config systemd/journald@asgi-attacked.conf").stdout
    actual = dict(line.split("=") for line in settings.splitlines() if "=" in line and not line.startswith("#"))
    assert (actual["Storage"], actual["MaxRetentionSec"], actual["SystemMaxUse"]) == ("persistent", "90day", "14336K")


def test_jobs_in_a_row_have_one_journald(attacked: Prey) -> None:
    """Also where nothing else of the application runs: systemd would start what they need only five times."""
    release = attacked.live()
    units = f"asgi-attacked@{release}.service asgi-attacked.process-worker-1@{release}.service"
    main = "systemctl show --property=MainPID --value systemd-journald@asgi-attacked.service"
    attacked.host.run(f"systemctl stop {units}")
    try:
        jobs = f"for n in $(seq 12); do systemctl start asgi-attacked.job-tick@{release}.service || exit; {main}; done"
        pids = attacked.host.run(jobs).stdout.split()
    finally:
        attacked.host.run(f"systemctl start {units}")
    assert len(pids) == 12 and len(set(pids)) == 1 and pids[0] != "0", pids


def test_records_that_are_not_kept_are_counted(neighbour: Prey) -> None:
    """Its entry allows 1,000 records in ten seconds, and journald some times that while a journal is nearly empty."""
    burst, count, sent = f"burst {uuid.uuid4()}", 20_000, 0
    _lines, cursor = logs(neighbour.host.name, "neighbour", lines=1)
    assert neighbour.attack(BURST.format(burst=burst, count=count))["error"] is None
    lines: list[str] = []
    while not any(" Suppressed " in line for line in lines) and sent < 60:
        # journald writes the number with the first record after these ten seconds.
        assert neighbour.attack(f"import os; os.write(2, b'after {burst}\\n')")["error"] is None
        sent += 1
        time.sleep(0.5)
        lines, _cursor = logs(neighbour.host.name, "neighbour", lines=1, cursor=cursor)
    kept = sum(1 for line in lines if burst in line)
    found = [match for line in lines if (match := re.search(r" Suppressed (\d+) messages from asgi-neighbour@", line))]
    (suppressed,) = [int(match[1]) for match in found]
    assert 1000 <= kept < count / 2
    assert count + 1 + sent <= kept + suppressed <= count + 50 + sent, "some are neither kept nor counted"
    status = scenario("--extra-vars=asgi_format=json", name="status").ok().output
    assert any(int(number) >= suppressed for number in re.findall(r'"lost_records": (\d+)', status)), status[-3000:]
