"""SSH to a host, with options that suit hosts which are made again under the same address."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.lab.process import LabError, tail

OPTIONS = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
# A connection of its own for each command takes a tenth of a second of a processor on either side.
KEPT = 60  # seconds that a connection is kept for the next command; 0 keeps none
SOCKETS = Path(tempfile.gettempdir(), f"asgi-lab-ssh-{os.getuid()}")  # short, as paths of sockets must be


@dataclass(frozen=True)
class Target:
    """Address, user and key of a host."""

    address: str
    user: str
    key: Path

    def argv(self, command: str | None = None, *, root: bool = True, terminal: bool = False) -> list[str]:
        """Return the ssh command line for a shell command, or for a login shell."""
        argv = ["ssh", "-F", "none", "-i", str(self.key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
        for option in (*OPTIONS, "ConnectTimeout=10", "ServerAliveInterval=10", "ServerAliveCountMax=3"):
            argv += ["-o", option]
        argv += ["-t"] if terminal else []
        argv += [f"{self.user}@{self.address}"]
        if command is None:
            return [*argv, "sudo -n -i"] if root else argv
        return [*argv, f"sudo -n -- sh -c {shlex.quote(command)}" if root else command]

    def kept(self) -> list[str]:
        """Return options that make commands share a connection; none where that is not asked for."""
        if not KEPT:
            return []
        SOCKETS.mkdir(mode=0o700, exist_ok=True)
        if SOCKETS.lstat().st_uid != os.getuid():
            raise LabError(f"{SOCKETS} belongs to another user, who could read what is sent to hosts; remove it")
        options = ("ControlMaster=auto", f"ControlPath={SOCKETS}/%C", f"ControlPersist={KEPT}")
        return [word for option in options for word in ("-o", option)]

    def disconnect(self) -> None:
        """End the connection that is kept: the host is about to go, or is another one under the same address."""
        argv = ["ssh", "-F", "none", "-o", f"ControlPath={SOCKETS}/%C", "-O", "exit", f"{self.user}@{self.address}"]
        subprocess.run(argv, capture_output=True, check=False, timeout=30)

    def run(
        self,
        command: str,
        *,
        root: bool = True,
        timeout: float = 60,
        check: bool = True,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command there to its end."""
        first, *rest = self.argv(command, root=root)
        argv = [first, *self.kept(), *rest]
        try:
            done = subprocess.run(argv, input=stdin or "", capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"no end after {timeout:.0f} s on {self.address}: {command}") from error
        if check and done.returncode:
            output = tail(done.stdout + done.stderr, 20)
            raise LabError(f"exit {done.returncode} on {self.address}: {command}\n{output}")
        return done
