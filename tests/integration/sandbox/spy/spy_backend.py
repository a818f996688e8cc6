"""A package without a wheel, whose build does what it can: it attacks, and leaves traps where root goes on."""

from __future__ import annotations

import json
import os
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

TRAPPED = "/etc/hostname"  # what root would write to, if it followed a link


def build_wheel(folder: str, _settings: object = None, _metadata: object = None) -> str:
    """Build the wheel, as PEP 517 defines it."""
    if Path("/srv/asgi/neighbour").exists():  # only its own folder is to be seen
        be_attacked(Path(os.environ["HOME"]))
    attacks: dict[str, str] = json.loads(Path("attacks.json").read_text())
    result = {what: tried(code) for what, code in attacks.items()}
    for venv in Path("/srv/asgi").glob("*/venvs/*"):
        lay_traps(venv)
        if Path("pipe").exists():
            lay_pipe(venv)
    name = "spy-1.0-py3-none-any.whl"
    members = {
        "spy_found.json": json.dumps(result),
        "spy-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: spy\nVersion: 1.0\n",
        "spy-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: spy\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    members["spy-1.0.dist-info/RECORD"] = "".join(f"{member},,\n" for member in [*members, "spy-1.0.dist-info/RECORD"])
    with zipfile.ZipFile(Path(folder, name), "w") as wheel:
        for member, text in members.items():
            wheel.writestr(member, text)
    return name


def be_attacked(home: Path) -> None:
    """Wait in the build of another application until root removes a file, and then fail."""
    Path("/tmp/of-the-neighbours-build").touch()
    held = home / "held"
    held.touch()
    deadline = time.monotonic() + 300
    while held.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    raise RuntimeError("the build that was attacked has ended")


def tried(code: str) -> dict[str, Any]:
    """Return the result of code: the error that ended it."""
    try:
        exec(code, {})  # noqa: S102
    except BaseException as error:
        return {"error": type(error).__name__, "errno": getattr(error, "errno", None), "text": str(error)}
    return {"error": None}


def lay_traps(venv: Path) -> None:
    """Make links, pipes, and files that everybody may write; only the environment that is being built takes them."""
    with suppress(OSError):
        (venv / ".complete").symlink_to(TRAPPED)
    with suppress(OSError):
        os.mkfifo(venv / "lib" / "pipe")
    with suppress(OSError):
        (venv / "lib" / "open").touch()
        (venv / "lib" / "open").chmod(0o666)


def lay_pipe(venv: Path) -> None:
    """Make a package whose description is a pipe, at which any reader would wait for ever."""
    for packages in venv.glob("lib/python3*/site-packages"):
        with suppress(OSError):
            (packages / "waits-1.0.dist-info").mkdir()
            os.mkfifo(packages / "waits-1.0.dist-info" / "METADATA")
