"""What `systemctl show` prints."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import journal, systemd
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import message, readable, relevant_lines
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.systemd import (
    Unit,
    parse_show,
    parse_usable,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json

SERVICE = """\
Id=asgi-shop@v1-0a1b2c3d.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=static
NRestarts=2
ExecMainStatus=0
ExecMainCode=0
Result=success
NeedDaemonReload=yes
"""
BOOT = """\
Id=asgi-boot@shop.service
LoadState=loaded
ActiveState=failed
SubState=failed
UnitFileState=enabled
NRestarts=0
ExecMainStatus=3
ExecMainCode=1
Result=exit-code
NeedDaemonReload=no
"""
MISSING = """\
Id=asgi-shop@v2-ffffffff.socket
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
NeedDaemonReload=no
"""


def flags(unit: Unit) -> dict[str, object]:
    return {name: getattr(unit, name) for name in ("present", "active", "enabled", "failed", "restarts", "stale")}


def test_parse_show() -> None:
    service, boot, missing = parse_show(f"{SERVICE}\n{BOOT}\n{MISSING}", ["service", "boot", "missing"])
    assert (service.name, boot.name, missing.name) == ("service", "boot", "missing")
    nothing = {"present": False, "active": False, "enabled": False, "failed": False, "restarts": 0, "stale": False}
    assert flags(service) == {**nothing, "present": True, "active": True, "restarts": 2, "stale": True}
    assert flags(boot) == {**nothing, "present": True, "enabled": True, "failed": True}
    assert flags(missing) == nothing


def test_value_with_an_equals_sign() -> None:
    (unit,) = parse_show("Id=a.service\nDescription=a=b\n", ["a.service"])
    assert unit.properties == {"Id": "a.service", "Description": "a=b"}


FAILED = {
    "ActiveState": "failed",
    "SubState": "failed",
    "ExecMainCode": "1",
    "ExecMainStatus": "3",
    "Result": "exit-code",
}


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"ExecMainCode": "1", "ExecMainStatus": "3", "Result": "exit-code"}, "its process ended with status 3"),
        ({"ExecMainCode": "1", "ExecMainStatus": "203", "Result": "exit-code"}, "its process ended with status 203"),
        (
            {"ExecMainCode": "2", "ExecMainStatus": "9", "Result": "signal"},
            "its process was ended by signal 9",
        ),
        (
            {"ExecMainCode": "3", "ExecMainStatus": "11", "Result": "core-dump"},
            "its process was ended by signal 11 (result core-dump)",
        ),
        ({"ExecMainCode": "2", "ExecMainStatus": "9", "Result": "oom-kill"}, "it was killed for want of memory"),
        ({"ExecMainCode": "2", "ExecMainStatus": "15", "Result": "timeout"}, "it took too long"),
        ({"ExecMainCode": "1", "ExecMainStatus": "1", "Result": "start-limit-hit"}, "it ended again and again"),
    ],
)
def test_ending(properties: dict[str, str], text: str) -> None:
    assert Unit("a.service", properties).ending() == text


def test_what_failed_for_good_is_described() -> None:
    state = Unit("a.service", {**FAILED, "NRestarts": "600"}).describe()
    assert (state["state"], state["restarts"]) == ("failed (failed)", 600)
    assert "a.service has failed and is not started any more: its process ended with status 3" in state["failed"]
    assert "journalctl --unit=a.service" in state["failed"]
    failed = Unit("asgi-shop@v1.service", FAILED).describe()["failed"]
    assert "journalctl --namespace=+asgi-shop --unit=asgi-shop@v1.service; then" in failed


@pytest.mark.parametrize("state", ["active", "activating", "inactive"])
def test_what_may_start_again_has_not_failed(state: str) -> None:
    assert Unit("a.service", {**FAILED, "ActiveState": state}).describe()["failed"] == ""


@pytest.mark.parametrize("result", ["success", "resources", "exec-condition", "protocol"])
def test_process_that_did_not_end(result: str) -> None:
    """There was none, as without its environment file, or it runs."""
    actual = Unit("a.service", {"ExecMainCode": "0", "ExecMainStatus": "0", "Result": result}).ending()
    assert actual
    assert "signal" not in actual


@pytest.mark.parametrize(
    ("text", "names", "message"),
    [
        pytest.param("", ["a.service"], "systemctl show: found 0 units, expected 1", id="nothing"),
        pytest.param(SERVICE, ["a", "b"], "systemctl show: found 1 units, expected 2", id="one less"),
        pytest.param(f"{SERVICE}\n{BOOT}", ["a"], "systemctl show: found 2 units, expected 1", id="one more"),
    ],
)
def test_units_that_were_not_asked_for(text: str, names: list[str], message: str) -> None:
    with pytest.raises(DeployError) as error:
        parse_show(text, names)
    assert str(error.value) == message


def test_no_units() -> None:
    assert parse_show("", []) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param(
            "redis.service alias -\nsudo.service masked enabled\ncron.service enabled enabled\nx.mount generated -\n",
            ["redis.service", "cron.service", "x.mount"],
            id="files",
        ),
        pytest.param(
            "-.mount loaded active mounted Root Mount\nnone.service not-found inactive dead none.service\n"
            "a.service masked inactive dead a.service\n",
            ["-.mount"],
            id="units",
        ),
    ],
)
def test_usable(text: str, names: list[str]) -> None:
    assert parse_usable(text) == names


TRACEBACK = "Traceback (most recent call last):"


@pytest.mark.parametrize(
    ("entries", "lines", "message"),
    [
        pytest.param([], 5, "", id="nothing"),
        pytest.param([("1", "a"), ("2", "b"), ("1", "c")], 5, "a\nb\nc", id="no traceback"),
        pytest.param([("1", "a"), ("2", "b"), ("1", "c")], 2, "b\nc", id="the last ones"),
        pytest.param(
            [("1", "start"), ("2", TRACEBACK), ("3", TRACEBACK), ("2", "  x"), ("3", "  y"), ("2", "E"), ("1", "end")],
            5,
            f"{TRACEBACK}\n  x\nE",
            id="two that fail at once",
        ),
        pytest.param(
            [("2", f"ERROR: {TRACEBACK}"), ("1", "a"), ("2", "E")], 5, f"ERROR: {TRACEBACK}\nE", id="within a line"
        ),
        pytest.param([("2", TRACEBACK), ("2", "  x"), ("2", "E"), ("1", "end")], 2, "  x\nE", id="end of a traceback"),
    ],
)
def test_relevant_lines(entries: list[tuple[str, str]], lines: int, message: str) -> None:
    assert relevant_lines(entries, lines) == message


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"MESSAGE": "text"}, "text"),
        ({"MESSAGE": list("Grün\x1b".encode())}, "Grün\x1b"),
        ({"MESSAGE": [255, 65]}, "\ufffdA"),
        ({"MESSAGE": None}, ""),
        ({}, ""),
    ],
)
def test_message(entry: dict[str, Json], text: str) -> None:
    assert message(entry) == text


LOGGED = '{"level": "ERROR", "logger": "shop", "message": "no database", "request_id": "0a1b2c3d"'


@pytest.mark.parametrize(
    ("said", "text"),
    [
        pytest.param("Traceback (most recent call last):", "Traceback (most recent call last):", id="plain"),
        pytest.param("", "", id="empty"),
        pytest.param(f"{LOGGED}}}", "ERROR shop: no database", id="logged as JSON"),
        pytest.param(
            f'{LOGGED}, "exception": "{TRACEBACK}\\n  x\\nE"}}',
            f"ERROR shop: no database\n{TRACEBACK}\n  x\nE",
            id="traceback",
        ),
        pytest.param(f'{LOGGED}, "exception": "E", "stack": "S"}}', "ERROR shop: no database\nE\nS", id="stack"),
        pytest.param(f'{LOGGED}, "exception": null}}', "ERROR shop: no database", id="no exception"),
        pytest.param('{"message": "started"}', '{"message": "started"}', id="of another program"),
        pytest.param('{"message": 7, "level": "INFO", "logger": "a"}', "INFO a: 7", id="no text"),
        pytest.param('{"msg": "started"}', '{"msg": "started"}', id="other keys"),
        pytest.param(f"{LOGGED}", LOGGED, id="cut off"),
        pytest.param("{not JSON}", "{not JSON}", id="braces"),
        pytest.param('["message"]', '["message"]', id="a list"),
        pytest.param("7", "7", id="a number"),
    ],
)
def test_readable(said: str, text: str) -> None:
    assert readable(said) == text
    assert readable(message({"MESSAGE": list(said.encode())})) == text


def test_traceback_within_a_record_is_shown() -> None:
    """Its process is the one that failed, as with a plain one."""
    record = readable(f'{LOGGED}, "exception": "{TRACEBACK}\\nE"}}')
    assert (
        relevant_lines([("1", "start"), ("2", record), ("3", "other"), ("1", "end")], 9)
        == f"ERROR shop: no database\n{TRACEBACK}\nE"
    )


def test_signs_that_end_a_line_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python takes U+2028 for one, and the journal writes it as it is; half a record is left out."""
    records = [{"_PID": "1", "MESSAGE": "pasted\u2028text"}, {"_PID": "1", "MESSAGE": "no stock"}]
    lines = [*(json.dumps(record, ensure_ascii=False) for record in reversed(records)), '{"_PID": "1", "MES']
    monkeypatch.setattr(journal, "start_reading", lambda _argv: nullcontext(lines))
    assert journal.read(["asgi-shop@v1.service"], 9) == "pasted\u2028text\nno stock"


def test_a_journal_that_cannot_be_read_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message about a failure does not end the run: the release that failed has yet to be ended."""

    def gone(_argv: list[str]) -> None:
        raise FileNotFoundError(2, "No such file or directory", "journalctl")

    monkeypatch.setattr(journal, "start_reading", gone)
    assert "the journal cannot be read: " in journal.read(["asgi-shop@v1.service"], 9)


def test_of_a_flood_the_newest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    flood = (json.dumps({"MESSAGE": f"{number} " + "x" * 2**20}) for number in range(10_000))
    monkeypatch.setattr(journal, "start_reading", lambda _argv: nullcontext(flood))
    actual = journal.read(["asgi-shop@v1.service"], 1000).split("\n")
    assert actual[-1].startswith("0 ") and 8 <= len(actual) <= 10


SOCKET = "asgi-shop.public.socket"


@pytest.mark.parametrize(
    ("names", "calls"),
    [([], []), ([SOCKET], [["systemctl", "daemon-reload"], ["systemctl", "try-restart", "--", SOCKET]])],
)
def test_restart(monkeypatch: pytest.MonkeyPatch, names: list[str], calls: list[list[str]]) -> None:
    """Without names systemctl would have something to say, too."""
    called: list[list[str]] = []

    def attempt(argv: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        called.append(argv)
        return subprocess.CompletedProcess(argv, 0, "", "")

    monkeypatch.setattr(systemd, "run_unchecked", attempt)
    systemd.reload_and_restart(*names)
    assert called == calls


@pytest.mark.parametrize("change", [systemd.start, systemd.restart, systemd.reload_and_restart])
def test_what_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch, change: Callable[[str], None]) -> None:
    """systemctl says where to look; that is done here."""
    why = "Failed to set up mount namespacing: /mnt/exports: No such file or directory"

    def attempt(argv: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        if argv[1] == "daemon-reload":
            return subprocess.CompletedProcess(argv, 0, "", "")
        return subprocess.CompletedProcess(argv, 1, "", f"Job for {SOCKET} failed.")

    monkeypatch.setattr(systemd, "run_unchecked", attempt)
    monkeypatch.setattr(journal, "start_reading", lambda _argv: nullcontext([json.dumps({"MESSAGE": why})]))
    with pytest.raises(DeployError, match=f"start {SOCKET} failed: Job for {SOCKET} failed.\n{why}"):
        change(SOCKET)


def answering(monkeypatch: pytest.MonkeyPatch, answers: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Make systemctl end with these statuses and print this; yield what is left of them."""
    left = iter(answers)

    def attempt(argv: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        status, output = next(left)
        return subprocess.CompletedProcess(argv, status, "", output)

    monkeypatch.setattr(systemd, "run_unchecked", attempt)
    monkeypatch.setattr(systemd, "_PAUSE", 0)
    return left


AWAY = (1, "Reload daemon failed: Transport endpoint is not connected")


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([(0, "")], ""),
        ([AWAY, AWAY, (0, "")], ""),
        ([(1, "Access denied")], "systemctl daemon-reload … ended with status 1:\nAccess denied"),
        ([AWAY] * 20, f"systemctl daemon-reload … ended with status 1:\n{AWAY[1]}"),
    ],
)
def test_systemd_that_is_upgraded_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, answers: list[tuple[int, str]], message: str
) -> None:
    left = answering(monkeypatch, answers)
    with pytest.raises(DeployError, match=message) if message else nullcontext():
        systemd.daemon_reload()
    assert list(left) == []


CANCELED = (1, "Job for systemd-journald@asgi-shop.socket canceled.\n")


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([CANCELED, (0, "")], ""),
        ([CANCELED] * 20, "canceled"),
        ([(1, "Access denied")], "Access denied"),
    ],
)
def test_a_stop_that_another_job_cancels_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, answers: list[tuple[int, str]], message: str
) -> None:
    left = answering(monkeypatch, answers)
    with pytest.raises(DeployError, match=message) if message else nullcontext():
        systemd.stop_running("systemd-journald@asgi-shop.socket")
    assert list(left) == []


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        ("active", ["reload"]),
        ("reloading", ["reload"]),  # by another program, which may have read what was there before
        ("activating", ["start", "reload"]),
        ("failed", ["start"]),
    ],
)
def test_what_is_up_reloads(monkeypatch: pytest.MonkeyPatch, state: str, verbs: list[str]) -> None:
    called: list[list[str]] = []

    def attempt(argv: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        called.append(argv)
        return subprocess.CompletedProcess(argv, 0, "", "")

    monkeypatch.setattr(systemd, "run_unchecked", attempt)
    monkeypatch.setattr(systemd, "show", lambda name: [Unit(name, {"ActiveState": state})])
    systemd.reload_or_start("nginx.service")
    assert called == [["systemctl", verb, "--", "nginx.service"] for verb in verbs]


def test_without_names_no_failure_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """systemctl reset-failed without names has the whole host forget."""
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(systemd, "run_systemctl_unchecked", lambda *words, **_options: asked.append(words))
    systemd.reset_failed()
    assert asked == []
    systemd.reset_failed("a.service")
    assert asked == [("reset-failed", "--", "a.service")]


@pytest.mark.parametrize(
    ("properties", "seconds"),
    [
        ({"ActiveState": "active", "ActiveEnterTimestampMonotonic": "90000000"}, 10),
        ({"ActiveState": "activating", "ActiveEnterTimestampMonotonic": "90000000"}, 0),
        ({"ActiveState": "active"}, 100),
        ({}, 0),
    ],
)
def test_up_for(properties: dict[str, str], seconds: float) -> None:
    assert Unit("a.service", properties).up_for(100) == seconds


def test_loaded_units_and_their_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """As list-units prints them: UNIT, LOAD, ACTIVE, SUB and a description of any words."""
    printed = (
        "asgi-shop@v1.service loaded    active       running       shop: release v1\n"
        "asgi-shop@v2.service not-found deactivating stop-sigterm  asgi-shop@v2.service\n\n"
    )
    monkeypatch.setattr(systemd, "run_systemctl", lambda *_words, **_options: printed)
    assert systemd.unit_states("asgi-shop@*") == {
        "asgi-shop@v1.service": "active",
        "asgi-shop@v2.service": "deactivating",
    }
    assert systemd.list_units("asgi-shop@*") == ["asgi-shop@v1.service", "asgi-shop@v2.service"]
