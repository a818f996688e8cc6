"""Where things are kept, and the lock and the file formats for them.

Caches speed up the next lab and can be thrown away when no lab lives; state goes with the lab it belongs to.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.lab.process import LabError, Process

CACHE = Path(os.environ.get("ASGI_LAB_CACHE") or "/var/cache/asgi-deploy-lab")
STATE = Path("/var/lib/asgi-deploy-lab")
LABS = STATE / "labs"
ACME = STATE / "acme"
LOCK = Path("/run/asgi-deploy-lab.lock")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that the kernel drops with the process: a killed run leaves no stale one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if path.exists() and os.fstat(handle).st_ino == path.stat().st_ino:
            break
        # The holder before has removed the file: it locks nothing any more.
        os.close(handle)
    try:
        yield
    finally:
        os.close(handle)


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of a state file; an empty one when it is missing or was cut short."""
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def write_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a whole file or none: readers and crashes never see half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).chmod(mode)
    Path(name).replace(path)


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a state file."""
    write_text(path, json.dumps(data, indent=2) + "\n")


def write_process(path: Path, process: Process) -> None:
    """Remember a process that was started."""
    write_json(path, asdict(process))


def start_service(name: Path, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Start a program that outlives this one; it logs to NAME.log and is remembered in NAME.json."""
    if not shutil.which(command[0]):
        raise LabError(f"{command[0]} is not installed")
    with name.with_suffix(".log").open("ab") as log:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={"PATH": os.defpath, **(environment or {})},
            cwd=name.parent,
        )
    process = Process.of(child.pid)
    if process:
        write_process(name.with_suffix(".json"), process)


def read_process(path: Path) -> Process | None:
    """Return the remembered process, if it still runs."""
    data = read_json(path)
    try:
        process = Process(int(data["pid"]), int(data["start"]), str(data["boot"]))
    except KeyError:
        return None
    return process if process.alive else None


def lab_names() -> list[str]:
    """Return every lab that has state, whole or half-made."""
    return sorted(path.name for path in LABS.iterdir() if path.is_dir()) if LABS.is_dir() else []


def host_records(lab: str) -> dict[str, dict[str, str]]:
    """Return the hosts of a lab as written by ``up``: name to release, address, image and machine id."""
    hosts = read_json(LABS / lab / "lab.json").get("hosts", {})
    return hosts if isinstance(hosts, dict) else {}


def remove_tree(path: Path) -> None:
    """Remove a directory, unless something is still mounted in it: that would delete through the mount."""
    inside = [point for point in mount_points() if point == str(path) or point.startswith(f"{path}/")]
    if inside:
        raise OSError(f"still mounted: {', '.join(inside)}")
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        shutil.rmtree(path)


def mount_points() -> list[str]:
    """Return every mount point in this mount namespace."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line.split()[1].replace("\\040", " ") for line in lines]
