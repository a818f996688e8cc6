"""Virtual environments with other versions of servers than those of the tests."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests import ROOT

_CACHE = ROOT / ".cache" / "servers"
# The collection's own versions, which a host installs in addition to what an application pins.
_LOCK = ROOT / "roles" / "app" / "files" / "server.in"


def environment_with(pins: Sequence[str]) -> Path:
    """Return an environment with these versions, and with the collection's own of all else; made once, and kept."""
    names = {pin.partition("==")[0] for pin in pins}
    own = [line for line in _LOCK.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    requested = sorted([*pins, *(line for line in own if line.partition("==")[0] not in names)])
    venv = _CACHE / hashlib.sha256(f"{sys.version} {requested}".encode()).hexdigest()[:16]
    _CACHE.mkdir(parents=True, exist_ok=True)
    # Several processes run tests.
    with (_CACHE / f"{venv.name}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (venv / "complete").exists():
            uv = str(Path(sys.executable).with_name("uv"))
            subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(venv)], check=True)
            python = str(venv / "bin" / "python")
            subprocess.run([uv, "pip", "install", "-q", "--python", python, *requested], check=True)
            (venv / "complete").touch()
    return venv
