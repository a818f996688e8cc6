"""A command in the live release: with its code, environment, user and sandbox, as a transient unit of systemd."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.release.recorded_commands import recorded
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.unit_checks import describe_search, find_program
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import systemd, transient_units
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import environment, outputs
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import journal_service
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import LAUNCHER

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import Attempt

SANDBOX = "sandbox.conf"  # in the directory of the release: lines that all its units have
_STOP_TIMEOUT = 30
_MAX_BYTES = 2**20  # of its output that are returned


@dataclass(frozen=True)
class CommandOutcome:
    """The outcome of a command.

    Attributes:
        release: the release that it ran in.
        rc: its exit status, as in a shell.
        ending: how it ended, in words.
        stdout: its standard output.
        stderr: its standard error.
    """

    release: str
    rc: int
    ending: str
    stdout: str = ""
    stderr: str = ""


class Execution:
    """A command for the live release of an application.

    Attributes:
        layout: of the application.
        store: its releases.
        command: as a user wrote it.
    """

    def __init__(self, layout: Layout, command: str, timeout: int) -> None:
        """Prepare a command that is ended after `timeout` seconds."""
        self.layout = layout
        self.store = Store(layout)
        self.command = command
        self._timeout = timeout

    def predict(self) -> CommandOutcome:
        """Return in which release it would run.

        Raises:
            DeployError: it cannot run.
        """
        release, _argv = self._resolve()
        return CommandOutcome(release, 0, "was not run, as this is check mode; it would run")

    def run(self, by: str, lock_timeout: float) -> CommandOutcome:
        """Run it to its end, and add it to the audit trail.

        Args:
            by: who began the run.
            lock_timeout: seconds to wait for the end of another run.

        Raises:
            DeployError: it could not be started.
        """
        with ExitStack() as attempt:
            began = time.time()
            # The lock is held until it runs: a release in which something runs is not removed.
            with self.store.lock(lock_timeout, by):
                release, argv = self._resolve()
                settings = self._properties(release)
                if any(line.startswith("LoadCredential") for line in settings):
                    argv = [*f"{self.layout.release(release)}/{LAUNCHER}".split(), *argv]
                unit = self.layout.unit(f"exec-{time.time_ns():x}", release)
                line: Attempt = {
                    "by": by,
                    "exec": recorded(self.command, self.store.path(release)),
                    "release": release,
                    "unit": unit,
                }
                entry = attempt.enter_context(self.store.audited(line))
                # The journal records the command; its output is only for the user who ran it.
                process = subprocess.Popen(
                    self._systemd_run(unit, release, settings, argv),
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
                while process.poll() is None and not systemd.show(unit)[0].active:
                    time.sleep(0.05)
            outcome = self._ended(process, release, unit, began)
            entry |= {"status": outcome.rc, "result": outcome.ending}
        return outcome

    def _ended(self, process: subprocess.Popen[bytes], release: str, unit: str, began: float) -> CommandOutcome:
        """Wait for the end of a command; return its outcome."""
        with process:
            stdout, stderr, left_out = outputs(process, most=_MAX_BYTES)
        note = f"({left_out:,} bytes before this are left out)\n" if left_out else ""
        done = subprocess.CompletedProcess(process.args, process.returncode, note + stdout, stderr)
        ended = systemd.show(unit)[0]  # a unit that ended well is unloaded at once
        transient_units.with_journal(done, unit, began)
        if done.returncode and not ended.failed:
            raise DeployError(f"{self.layout.app}: {self.command}: could not be started: {done.stderr.strip()}")
        systemd.reset_failed(unit)
        rc = exit_status(ended.properties) if ended.failed else 0
        return CommandOutcome(release, rc, ended.ending() if ended.failed else "ended well", done.stdout, done.stderr)

    def _resolve(self) -> tuple[str, list[str]]:
        """Return the live release, and the command with the path of its program there."""
        release = self.store.live()
        if release is None:
            raise DeployError(f"{self.layout.app}: nothing is live on this host, so there is nothing to run it in")
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise DeployError(
                f"command: found {self.command!r}, which is not written as for a shell: {error}"
            ) from error
        if not words:
            raise DeployError("command: found none, expected one as in python -m shop.users list")
        folder = str(self.layout.release(release))
        program = find_program(words[0], folder)
        if program is None:
            raise DeployError(f"command: found {self.command!r}, whose program {words[0]} {describe_search(folder)}")
        return release, [program, *words[1:]]

    def _properties(self, release: str) -> list[str]:
        """Return the settings that all units of the release have."""
        file = self.store.path(release) / SANDBOX
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise DeployError(f"{self.layout.app}: {file} is missing; release the application again") from None
        return properties(text, release)

    def _systemd_run(self, unit: str, release: str, settings: Sequence[str], argv: Sequence[str]) -> list[str]:
        limits = [f"RuntimeMaxSec={self._timeout}", f"TimeoutStopSec={_STOP_TIMEOUT}", "KillMode=mixed"]
        options = ("--pipe", "--wait", "--service-type=exec")
        journals = [line.partition("=")[2] for line in settings if line.startswith("LogNamespace=")]
        limits += [f"{when}={journal_service(name)}" for name in journals for when in ("Wants", "After")]
        description = f"--description={self.layout.app}: command in release {release}"
        return transient_units.command(unit, argv, [*settings, *limits], *options, description)


def properties(text: str, release: str) -> list[str]:
    """Return the settings in the text of a unit, with the release in place of systemd's specifier for it."""
    lines = (line.strip() for line in text.splitlines())
    return [line.replace("%i", release).replace("%%", "%") for line in lines if line and not line.startswith("#")]


def exit_status(properties: Mapping[str, str]) -> int:
    """Return the exit status of a failed unit as in a shell: 128 plus the number of a signal that ended it."""
    status = int(properties.get("ExecMainStatus") or 0)
    if properties.get("ExecMainCode") in ("2", "3"):  # CLD_KILLED and CLD_DUMPED of waitid(2)
        return 128 + status
    return status or 1


def printed_lines(outcome: CommandOutcome) -> Sequence[str]:
    """Return the output of a command as lines, its errors last."""
    return [*outcome.stdout.splitlines(), *outcome.stderr.splitlines()]
