"""The texts of background units: what only the host's systemd can check in them, and what they start."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import (
    last_lines,
    run,
    run_unchecked,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import LAUNCHER, program_folders


def check_units(units: Mapping[str, str]) -> None:
    """Check the texts of units, by kind, with the host's systemd, the only one that knows what it supports.

    Raises:
        DeployError: systemd does not understand one.
    """
    check_schedules(units)
    check_calls(units)


def check_schedules(units: Mapping[str, str]) -> None:
    """Check the schedules in the texts of units, by kind, with the host's systemd.

    Raises:
        DeployError: it does not understand one; with its message.
    """
    for kind, text in units.items():
        if kind.startswith("timer-"):
            calendar = unit_value(text, "OnCalendar")
            result = run_unchecked(["systemd-analyze", "calendar", "--", calendar])
            if result.returncode:
                raise DeployError(
                    f"{describe_kind(kind)}: found the schedule {calendar!r}, expected a calendar event as in "
                    f"systemd.time(7), such as daily or Mon..Fri 04:30; systemd says: {last_lines(result, 1)}"
                )


def check_calls(units: Mapping[str, str]) -> None:
    """Check whether the host's systemd knows the system calls that the texts of units allow by name.

    It would ignore one that it does not know, with a warning only in its log.

    Raises:
        DeployError: it does not know one.
    """
    lines = (line.partition("=")[2] for text in units.values() for line in text.splitlines() if _allows_calls(line))
    named = {name for line in lines for name in line.split() if not name.startswith("@")}
    if named and (unknown := named.difference(run(["systemd-analyze", "syscall-filter", "@known"]).split())):
        raise DeployError(
            f"sandbox.syscalls: found {', '.join(sorted(unknown))}, which this host does not know; "
            "`systemd-analyze syscall-filter` shows those that it does"
        )


def _allows_calls(line: str) -> bool:
    return line.startswith("SystemCallFilter=") and not line.startswith("SystemCallFilter=~")


def find_program(program: str, release: str) -> str | None:
    """Return the path of a program, as a unit of a release in this folder finds it."""
    return shutil.which(program, path=":".join(program_folders(release)))


def describe_search(release: str) -> str:
    """Return the end of a message about a program that :func:`find_program` does not find."""
    *folders, last = program_folders(release)
    return f"is neither in {', '.join(folders)} nor in {last}"


def describe_kind(kind: str) -> str:
    """Return a kind of unit as a user knows it: process and number, or job."""
    if kind.startswith("process-"):
        name, number = kind[len("process-") :].rsplit("-", 1)
        return f"process {name} ({number})" if number != "1" else f"process {name}"
    return f"job {kind.split('-', 1)[1]}"


def command_of(text: str) -> str:
    """Return the program that the text of a unit starts."""
    words = shlex.split(unit_value(text, "ExecStart"))
    launcher = LAUNCHER.split()[1:]
    if words[1 : 1 + len(launcher)] == launcher:
        words = words[1 + len(launcher) :]
    return words[0] if words else ""


def unit_value(text: str, key: str) -> str:
    """Return the value of a key that a unit has once."""
    return next((line[len(key) + 1 :] for line in text.splitlines() if line.startswith(f"{key}=")), "")


def is_exclusive(text: str) -> bool:
    """Return whether the process of a unit must not run twice, not even in two releases."""
    return unit_value(text, "Exclusive") == "yes"
