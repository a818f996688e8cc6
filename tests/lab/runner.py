"""Starting systemd-nspawn in a cgroup of its own, with and without a systemd on the machine.

The guest's systemd wants a delegated part of the cgroup v2 tree. Where the machine runs systemd, only that
may hand one out: a transient unit with ``Delegate=``. Elsewhere a directory in the tree is all it takes, and
a few lines of shell stand in for the service manager: on a reboot, nspawn asks by exit code 133 to be
started again.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab import fuse
from tests.lab.process import LabError, Process, run, wait_for
from tests.lab.state import read_process, write_process

REBOOT = 133
PARENT = fuse.PARENT
NAMED_HIERARCHY = Path("/sys/fs/cgroup/systemd")  # of a hybrid machine; nspawn makes the same names there
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    # systemd 256 and later refuse cgroup v1, and nspawn would otherwise take after a hybrid machine.
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
}
# Its arguments are the group, how many fuses it has, the groups of these, and the command.
SUPERVISOR = f"""
cgroup=$1; shift
while
  [ ! -d "$cgroup" ] || find "$cgroup" -depth -type d -exec rmdir {{}} +
  mkdir -p "$cgroup"
  {fuse.of_unified()}
  sh -c '
    echo $$ >"$0/cgroup.procs" || exit
    count=$1; shift
    while [ "$count" -gt 0 ]; do echo $$ >"$1/cgroup.procs" || exit; shift; count=$((count - 1)); done
    exec "$@"' "$cgroup" "$@"
  [ $? -eq {REBOOT} ]
do :; done
"""


def machine_runs_systemd() -> bool:
    """Return the test of sd_booted(3)."""
    return Path("/run/systemd/system").is_dir()


def cgroup_root() -> Path:
    """Return where cgroup v2 is mounted: the only hierarchy, or the unified one next to those of v1."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(point)
    raise LabError("no cgroup v2 hierarchy is mounted on this machine")


def remove_cgroup(path: Path) -> None:
    """Remove a cgroup that has no processes any more, with all below it."""
    for directory, _, _ in os.walk(path, topdown=False):
        Path(directory).rmdir()


def clean_machine() -> None:
    """Remove what hosts leave in common on a machine without systemd; where there is one it is not ours."""
    if machine_runs_systemd():
        return
    for root in (cgroup_root(), NAMED_HIERARCHY, *fuse.mounted().values()):
        remove_cgroup(root / PARENT)
    for name in ("locks", "propagate", "unix-export", "fsmount", ""):
        path = Path("/run/systemd/nspawn", name)
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def members(cgroup: Path) -> Iterator[Process]:
    """Yield every process of a cgroup and of those below it."""
    for directory, _, _ in os.walk(cgroup):
        try:
            pids = Path(directory, "cgroup.procs").read_text().split()
        except OSError:
            continue
        for pid in pids:
            process = Process.of(int(pid)) if pid != "0" else None
            if process:
                yield process


def is_init(process: Process) -> bool:
    """Return whether a process is PID 1 of a PID namespace right below the machine's."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return False
    # Its pids from this namespace inwards: two of them, the inner one being 1.
    match = re.search(r"^NSpid:\s+\d+\s+1$", status, re.MULTILINE)
    return match is not None


@dataclass(frozen=True)
class Runner:
    """Start and stop of one host's nspawn; ``directory`` keeps its console log and pid."""

    name: str
    directory: Path

    @property
    def console(self) -> Path:
        """Return what the host writes to its console."""
        return self.directory / "console.log"

    def start(self, argv: list[str]) -> None:
        """Start nspawn, so that it comes back after a reboot of the guest."""
        raise NotImplementedError

    def cgroup(self) -> Path | None:
        """Return the host's cgroup, while there is one."""
        raise NotImplementedError

    def active(self) -> bool:
        """Return whether something watches over the host (nspawn may be between two boots)."""
        raise NotImplementedError

    def init(self) -> Process | None:
        """Return the guest's PID 1."""
        cgroup = self.cgroup()
        return next((member for member in members(cgroup) if is_init(member)), None) if cgroup else None

    def kill_init(self) -> None:
        """Cut the power: nothing in the guest sees it coming."""
        init = self.init()
        if init:
            init.send(signal.SIGKILL)
        if not wait_for(lambda: not self.active(), 20):
            raise LabError(f"{self.name}: nspawn does not end after its init was killed")

    def _kill_guest(self) -> None:
        """Kill only the init of the guest: nspawn then ends by itself, and tidies up its mounts before."""
        init = self.init()
        if init:
            init.send(signal.SIGKILL)
            wait_for(lambda: not self.active(), 5)

    def stop(self) -> None:
        """End everything of the host, in whichever state it is."""
        raise NotImplementedError


class CgroupRunner(Runner):
    """For a machine without systemd."""

    def start(self, argv: list[str]) -> None:
        """Start the shell lines above, detached from the caller."""
        fuses = [str(group) for group in fuse.prepare(self.name, cgroup_root())]
        with self.console.open("ab") as console:
            child = subprocess.Popen(
                ["sh", "-c", SUPERVISOR, "asgi-lab", str(self._path), str(len(fuses)), *fuses, *argv],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=ENVIRONMENT,
                cwd="/",
            )
        process = Process.of(child.pid)
        if process:
            write_process(self._file, process)

    @property
    def _path(self) -> Path:
        return cgroup_root() / PARENT / self.name

    @property
    def _file(self) -> Path:
        return self.directory / "supervisor.json"

    def cgroup(self) -> Path | None:
        """Return the directory made for it."""
        return self._path if self._path.is_dir() else None

    def active(self) -> bool:
        """Return whether the shell still runs."""
        return read_process(self._file) is not None

    def stop(self) -> None:
        """End guest, nspawn and supervisor, from the inside out so that each is reaped by its parent."""
        self._kill_guest()
        supervisor = read_process(self._file)
        if supervisor:
            for process in members(self._path):
                process.send(signal.SIGKILL)
            if not supervisor.wait(1):
                supervisor.send(signal.SIGKILL)
                supervisor.wait(5)
        for process in members(self._path):
            process.send(signal.SIGKILL)
        if not wait_for(lambda: not any(members(self._path)), 15):
            left = ", ".join(str(process.pid) for process in members(self._path))
            raise LabError(f"{self.name}: processes survive SIGKILL: {left}")
        for path in (self._path, NAMED_HIERARCHY / PARENT / self.name, *fuse.groups(self.name)):
            remove_cgroup(path)


class SystemdRunner(Runner):
    """For a machine with systemd: a transient unit with a delegated cgroup, restarted on exit code 133."""

    @property
    def unit(self) -> str:
        """Name of the transient unit."""
        return f"asgi-lab-{self.name}.service"

    def start(self, argv: list[str]) -> None:
        """Start the unit."""
        properties = (
            "Delegate=yes",
            "KillMode=mixed",
            "Slice=machine.slice",
            *(f"TasksMax={fuse.limits()['pids']}", f"MemoryMax={fuse.limits()['memory']}"),
            f"RestartForceExitStatus={REBOOT}",
            f"SuccessExitStatus={REBOOT}",
            "RestartSec=0",
            f"StandardOutput=append:{self.console}",
            f"StandardError=append:{self.console}",
        )
        run(["systemctl", "reset-failed", self.unit], check=False)
        command = ["systemd-run", "--quiet", "--collect", f"--unit={self.unit}"]
        command += [f"--property={item}" for item in properties]
        command += [f"--setenv={name}={value}" for name, value in ENVIRONMENT.items()]
        run([*command, *argv])

    def _show(self, name: str) -> str:
        command = ["systemctl", "show", f"--property={name}", "--value", self.unit]
        return run(command, check=False).stdout.strip()

    def cgroup(self) -> Path | None:
        """Return the unit's cgroup."""
        group = self._show("ControlGroup")
        path = cgroup_root() / group.lstrip("/")
        return path if group.strip("/") and path.is_dir() else None

    def active(self) -> bool:
        """Return whether the unit runs, or is on its way back."""
        return self._show("ActiveState") in ("active", "activating", "deactivating", "reloading")

    def stop(self) -> None:
        """Kill the unit: there is no state in a thrown-away host that is worth a shutdown."""
        self._kill_guest()
        if self._show("LoadState") == "loaded":
            run(["systemctl", "kill", "--signal=SIGKILL", self.unit], check=False)
            run(["systemctl", "stop", self.unit], check=False)
            run(["systemctl", "reset-failed", self.unit], check=False)


def runner(name: str, directory: Path) -> Runner:
    """Return the runner that this machine needs."""
    return (SystemdRunner if machine_runs_systemd() else CgroupRunner)(name, directory)
