"""Runs on the host: does to the live service what operators and faults do to it, and prints what it did as JSON."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HOME = Path("/srv/bench")
CURRENT = HOME / "current"
DRAIN_SECONDS = 6
WORKERS = int(os.environ.get("BENCH_WORKERS", "2"))


def systemctl(*arguments: str) -> str:
    """Call it, and read what it says."""
    return subprocess.run(["systemctl", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def live() -> str:
    """Return the release that `current` names."""
    return CURRENT.readlink().name


def main_pid() -> int:
    """Return the live service's main process, or 0."""
    return int(systemctl("show", "--property=MainPID", "--value", f"bench@{live()}.service"))


def workers() -> list[int]:
    """Return the processes that serve: the main process's children, or itself if it is to have none."""
    main = main_pid()
    if WORKERS == 0 or not main:
        return [main] if main else []
    try:
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        # uvicorn's supervisor has a helper process, too.
        return [int(pid) for pid in children if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]
    except FileNotFoundError:
        return []


def peers(release: str) -> int:
    """Return the number of connections to a release's socket, accepted or waiting."""
    path = str(HOME / "releases" / release / "app.sock")
    rows = (line.split(None, 7) for line in Path("/proc/net/unix").read_text().splitlines()[1:])
    return sum(len(row) == 8 and row[5] in ("02", "03") and row[7] == path for row in rows)


def wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Return whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def answers(release: str) -> bool:
    """Return whether it answers on its own socket."""
    command = ["curl", "-sf", "-m2", "--unix-socket", str(HOME / "releases" / release / "app.sock"), "http://x/version"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def handover() -> dict[str, object]:
    """Deploy, and leave it to the old release to end its connections."""
    return deploy(0)


def deploy(patience: float = DRAIN_SECONDS) -> dict[str, object]:
    """Start the other release, rename `current`, wait until the old one has no peers, stop it."""
    old = live()
    new = "b" if old == "a" else "a"
    systemctl("start", f"bench@{new}.socket", f"bench@{new}.service")
    if not wait(lambda: answers(new), 20):
        raise SystemExit(f"release {new} does not answer")
    link = HOME / "current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(f"releases/{new}")
    link.rename(CURRENT)
    began = time.monotonic()
    drained = wait(lambda: peers(old) == 0, patience)
    waited, left = time.monotonic() - began, peers(old)
    systemctl("stop", f"bench@{old}.service", f"bench@{old}.socket")
    return {"count": 1, "drained": drained, "drain_seconds": round(waited, 2), "peers_left": left}


def restart() -> dict[str, object]:
    """Restart the live service, twice."""
    took = []
    for _ in range(2):
        began = time.monotonic()
        systemctl("restart", f"bench@{live()}.service")
        took.append(round(time.monotonic() - began, 2))
        time.sleep(1.5)
    return {"count": len(took), "seconds": took}


def sparse() -> dict[str, object]:
    """Restart it when there are idle connections."""
    time.sleep(1)
    return restart()


def recycle() -> dict[str, object]:
    """Watch until `max_requests` has replaced the workers."""
    seen: set[int] = set()
    deadline = time.monotonic() + 7
    while time.monotonic() < deadline:
        seen.update(workers())
        time.sleep(0.2)
    return {"count": max(0, len(seen) - max(1, WORKERS))}


def kill() -> dict[str, object]:
    """Kill one worker, three times."""
    count = 0
    for _ in range(3):
        if victims := workers():
            os.kill(victims[0], signal.SIGKILL)
            count += 1
        time.sleep(1.2)
    return {"count": count}


def hup() -> dict[str, object]:
    """Send SIGHUP to the master, twice."""
    for _ in range(2):
        os.kill(main_pid(), signal.SIGHUP)
        time.sleep(2.5)
    return {"count": 2}


def ready() -> dict[str, object]:
    """Wait until every worker is there and the release answers."""
    if not wait(lambda: len(workers()) == max(1, WORKERS) and answers(live()), 20):
        raise SystemExit(f"not ready: workers {workers()}")
    time.sleep(0.3)
    return {"count": 0}


if __name__ == "__main__":
    operations = {item.__name__: item for item in (deploy, handover, restart, sparse, recycle, kill, hup, ready)}
    print(json.dumps(operations[sys.argv[1]]()))
