"""A run of this collection over what the former one left: nothing is lost, and there is a way back."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.clients import https
from tests.integration.conftest import Web, web
from tests.integration.hosts import SIDE2, Run, logs
from tests.integration.release.test_releases import traffic
from tests.integration.upgrade.former import site

NOTE = "/var/lib/asgi-storage/older/media/note"
# What is new in nginx's own files takes a reload, which closes kept connections; these visitors keep none.
FRESH = {"http2": 0, "get": 0, "post": 0, "new": 3}
CHANGED = "--extra-vars={'older_env': {'GREETING': 'hello'}}"
BROKEN = "--extra-vars=older_module=shop.nothing:app"
JOURNAL = "ls -d /var/log/journal/*.asgi-older /run/systemd/journal.asgi-older"
JOURNAL_SETTINGS = "find /etc/systemd /usr/local/lib/systemd -name '*journald*@asgi-older*'"


@dataclass(frozen=True)
class Seen:
    """What must not change: of the host, and of what it was asked for."""

    serial: str
    note: str
    units: list[str]

    @classmethod
    def of(cls, older: Web) -> Seen:
        certificate = f"openssl s_client -connect 127.0.0.1:443 -servername {older.domain} </dev/null 2>/dev/null"
        units = older.host.run(
            "systemctl list-units --plain --no-legend 'asgi-older.process-*' 'asgi-older.job-*'"
        ).stdout
        return cls(
            older.host.run(f"{certificate} | openssl x509 -noout -serial").stdout,
            older.host.run(f"stat -c '%U %G %a' {NOTE} && cat {NOTE}").stdout,
            sorted(line.split()[0].partition("@")[0] for line in units.splitlines()),
        )


@pytest.fixture(scope="module")
def older() -> Iterator[Web]:
    """Yield the host that the former release left; the application is removed at the end."""
    one = web(SIDE2, "older", "older")
    yield one
    site("--extra-vars=asgi_app=older", "--extra-vars=asgi_remove_data=true", name="remove").ok()
    assert one.host.run("ls /srv/asgi/older", check=False).returncode, "this release cannot remove what another made"
    for look in (JOURNAL, JOURNAL_SETTINGS, "systemctl list-units --all --no-legend 'systemd-journald*@asgi-older*'"):
        assert one.host.run(look, check=False).stdout == "", look


def stamped(lines: list[str]) -> list[str]:
    """Return the lines that begin a record; those of a traceback follow."""
    return [line for line in lines if re.match(r"\d{4}-\d\d-\d\d ", line)]


def time_of(line: str) -> str:
    return line[: len("2026-01-01 00:00:00.000")]


@dataclass(frozen=True)
class Upgrade:
    """The host before and after, and the runs between."""

    before: Seen
    after: Seen
    releases: tuple[str, str, str]
    audit: list[dict[str, Any]]
    cursor: str  # where the journal ended before
    broken: Run  # of a release that dies at import, the first one that logs to a journal of its own


@pytest.fixture(scope="module")
def upgrade(older: Web) -> Upgrade:
    """Return the same inventory, then a release, with visitors all the while."""
    older.host.run(f"echo kept >{NOTE} && chown asgi-older:asgi-older {NOTE} && chmod 0640 {NOTE}")
    before, first, audit = Seen.of(older), older.live(), older.audit()
    _lines, cursor = logs(SIDE2, older.app, lines=1)
    with traffic([older], **FRESH):
        broken = site(BROKEN)
        assert older.live() == first
        site().ok()
        second = older.live()
        older.drained()
        assert older.version()["release"] == second
    with traffic([older]):
        site(CHANGED).ok()
    older.drained()
    return Upgrade(before, Seen.of(older), (first, second, older.live()), audit, cursor, broken)


def test_a_former_name_is_refused_with_the_present_one(tmp_path: Path) -> None:
    """By an entry in the table of a copy, as the first version has none."""
    copy = tmp_path / "ansible_collections" / "asgi" / "deploy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "tests", "docs", "__pycache__"))
    spec = copy / "plugins" / "plugin_utils" / "_common" / "argument_specs.py"
    table = "RENAMED: dict[str, tuple[str, str]] = {"
    entry = '"older_word": ("watch", "0.2.0"), "asgi_older": ("asgi_app", "0.2.0")'
    assert f"{table}}}" in spec.read_text(), "the first entries are there: take one of them"
    spec.write_text(spec.read_text().replace(table, f"{table}{entry}"))
    app = {"name": "older", "git": "/none.git", "module": "shop.main:app", "domains": ["older.example.com"]}
    options = {"asgi_older": "older", "asgi_apps": [{**app, "older_word": {"seconds": 1}}]}
    run = site(f"--extra-vars={json.dumps(options)}", name="check", ANSIBLE_COLLECTIONS_PATH=str(tmp_path))
    assert run.status != 0
    assert "asgi_older: was renamed to asgi_app in 0.2.0; write asgi_app: …" in run.output, run.output
    assert "(older).older_word: was renamed to watch in 0.2.0; write watch: …" in run.output


def test_visitors_lose_nothing_and_the_release_is_a_new_one(upgrade: Upgrade, older: Web) -> None:
    """That they do not is seen in the fixture."""
    assert upgrade.releases[2] not in upgrade.releases[:2]
    served = older.version()
    assert (served["version"], served["release"]) == ("1.1.0", upgrade.releases[2])


def test_another_sandbox_is_another_release(upgrade: Upgrade) -> None:
    """By the same inventory: units of applications are shut further than the former release of the collection did."""
    assert upgrade.releases[1] != upgrade.releases[0]


def test_nothing_of_the_former_library_stays(upgrade: Upgrade, older: Web) -> None:
    """Files that were renamed since are gone; what renews certificates works from those that are there."""
    library = "/opt/asgi/lib/ansible_collections/asgi/deploy/plugins/module_utils"
    assert set(older.host.run(f"ls {library}").stdout.split()) == {"_host", "_shared"}
    older.host.run("systemctl start asgi-certificates.service", timeout=120)


def test_data_certificate_and_processes_stay(upgrade: Upgrade) -> None:
    assert upgrade.before.note == "asgi-older asgi-older 640\nkept\n"
    assert upgrade.before.serial.startswith("serial=")
    assert len(upgrade.before.units) == 2
    assert upgrade.after == upgrade.before


def test_the_audit_trail_goes_on(upgrade: Upgrade, older: Web) -> None:
    assert [line["version"] for line in upgrade.audit] == ["v1.0.0", "v1.1.0"]
    assert older.audit()[: len(upgrade.audit)] == upgrade.audit
    assert len(older.audit()) > len(upgrade.audit)


def test_the_first_line_in_a_journal_of_its_own_is_read(upgrade: Upgrade) -> None:
    """On Debian 12, of a process that has ended before its journald has asked who it was."""
    assert upgrade.broken.status != 0
    assert "ModuleNotFoundError: No module named 'shop.nothing'" in upgrade.broken.output, upgrade.broken.output


def test_logs_of_before_and_since_are_read_together(upgrade: Upgrade, older: Web) -> None:
    """In the order of time, also from a place where the application had no journal of its own."""
    since, everything = (
        stamped(logs(SIDE2, older.app, **options)[0]) for options in ({"cursor": upgrade.cursor}, {"lines": 100_000})
    )
    assert everything == sorted(everything, key=time_of) and since == sorted(since, key=time_of)
    first, second, third = upgrade.releases
    by = {release: [line for line in everything if line.split()[2] == release] for release in upgrade.releases}
    for lines in by.values():
        assert {line.split()[3] == "systemd" for line in lines} == {True, False}, (
            "what systemd says, and what it logged"
        )
    between = [line for line in everything if time_of(since[0]) <= time_of(line) <= time_of(since[-1])]
    assert sorted(since) == sorted(between)
    assert {second, third} <= {line.split()[2] for line in since}
    assert set(by[first]) - set(since), "what was logged before that place"
    own = older.host.run("journalctl --quiet --namespace=asgi-older --output=cat --field=_SYSTEMD_UNIT").stdout
    assert f"asgi-older@{second}.service" in own and f"asgi-older@{first}.service" not in own


def test_nothing_is_left_to_do(upgrade: Upgrade) -> None:
    again = site(CHANGED).ok()
    assert again.counts(SIDE2)["changed"] == 0, again.output


def test_there_is_a_way_back_to_what_the_former_release_made(upgrade: Upgrade, older: Web) -> None:
    first = upgrade.releases[0]
    with traffic([older]):
        site(f"--extra-vars=asgi_release={first}", name="rollback").ok()
        assert older.live() == first
        older.drained()
        assert older.version()["release"] == first
        site(CHANGED).ok()
    assert older.live() == upgrade.releases[2]
    assert Seen.of(older) == upgrade.before


def test_the_host_comes_up_by_itself(upgrade: Upgrade, older: Web) -> None:
    """What starts at boot was written by one release and is read by another."""
    older.host.reboot()
    answer = https.wait(older.domain, older.host.address, older.ca, "/version").raise_for_status()
    assert answer.json()["release"] == upgrade.releases[2]
