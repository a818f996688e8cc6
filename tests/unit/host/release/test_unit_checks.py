"""The texts of background units, as they are read and as systemd checks them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.unit_checks import (
    check_calls,
    check_schedules,
    command_of,
    describe_kind,
    describe_search,
    find_program,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


def test_programs_of_the_release_itself_come_first(tmp_path: Path) -> None:
    for folder in ("venv/bin", "site/bin"):
        (tmp_path / folder).mkdir(parents=True)
        for name in ("sh", Path(folder).parts[0]):
            (tmp_path / folder / name).write_text("")
            (tmp_path / folder / name).chmod(0o755)
    assert find_program("sh", str(tmp_path)) == f"{tmp_path}/site/bin/sh"
    assert find_program("venv", str(tmp_path)) == f"{tmp_path}/venv/bin/venv"
    assert find_program("no-such", str(tmp_path)) is None
    assert describe_search("/r") == "is neither in /r/site/bin, /r/venv/bin, /usr/local/bin, /usr/bin nor in /bin"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("process-worker-1", "process worker"),
        ("process-mail-queue-12", "process mail-queue (12)"),
        ("job-clean-up", "job clean-up"),
        ("timer-clean-up", "job clean-up"),
    ],
)
def test_a_kind_of_unit_is_described(kind: str, text: str) -> None:
    assert describe_kind(kind) == text


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ('[Service]\nExecStart="celery" "-A" "100%% $$X"\n', "celery"),
        ('ExecStart="/usr/bin/env" "x"\n', "/usr/bin/env"),
        ('ExecStart=/srv/v/venv/bin/python -m asgi_deploy_runtime.run "celery" "-A"\n', "celery"),
        ("[Unit]\n", ""),
    ],
)
def test_the_program_of_a_unit_is_found(text: str, program: str) -> None:
    assert command_of(text) == program


def test_schedules_are_read_by_systemd() -> None:
    check_schedules({"timer-tick": "[Timer]\nOnCalendar=Mon..Fri 04:30\n", "service": "OnCalendar=nonsense\n"})
    with pytest.raises(DeployError) as error:
        check_schedules({"timer-clean-up": "[Timer]\nOnCalendar=every day\n"})
    assert str(error.value).startswith(
        "job clean-up: found the schedule 'every day', expected a calendar event as in systemd.time(7), "
        "such as daily or Mon..Fri 04:30; systemd says: "
    )
    assert "Failed to parse calendar specification 'every day'" in str(error.value)


def test_calls_are_those_of_the_host() -> None:
    """What is denied is not checked, nor are groups: the controller knows them."""
    check_calls({"service": "SystemCallFilter=@system-service\nSystemCallFilter=~no_such_call\n"})
    check_calls({"service": "SystemCallFilter=@aio ptrace\n"})
    with pytest.raises(DeployError, match=r"sandbox\.syscalls: found no_such_call, which this host does not know"):
        check_calls({"service": "SystemCallFilter=ptrace\n", "process-a-1": "SystemCallFilter=no_such_call\n"})
