"""SSH to a host, with options that suit hosts which are made anew under the same address."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.lab.process import LabError, tail

OPTIONS = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")


@dataclass(frozen=True)
class Target:
    """Address, user and key of a host."""

    address: str
    user: str
    key: Path

    def argv(self, command: str | None = None, *, root: bool = True, terminal: bool = False) -> list[str]:
        """The ssh command line for a shell command, or for a login shell."""
        argv = ["ssh", "-F", "none", "-i", str(self.key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
        for option in (*OPTIONS, "ConnectTimeout=10", "ServerAliveInterval=10", "ServerAliveCountMax=3"):
            argv += ["-o", option]
        argv += ["-t"] if terminal else []
        argv += [f"{self.user}@{self.address}"]
        if command is None:
            return [*argv, "sudo -n -i"] if root else argv
        return [*argv, f"sudo -n -- sh -c {shlex.quote(command)}" if root else command]

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
        argv = self.argv(command, root=root)
        try:
            done = subprocess.run(argv, input=stdin or "", capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"no end after {timeout:.0f} s on {self.address}: {command}") from error
        if check and done.returncode:
            output = tail(done.stdout + done.stderr, 20)
            raise LabError(f"exit {done.returncode} on {self.address}: {command}\n{output}")
        return done
