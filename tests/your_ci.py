"""The scenario of examples/molecule as somebody has it who copied it into his repository: `make your-ci`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.integration.hosts import PLAIN, TOP

EXAMPLES = TOP / "examples"
LIMIT = 900  # seconds


def main() -> int:
    began = time.monotonic()
    name = f"{os.environ.get('ASGI_TEST_LAB', 'your')}-ci"
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        shutil.copytree(EXAMPLES / "shop", project, ignore=shutil.ignore_patterns("__pycache__", ".venv"))
        shutil.copytree(EXAMPLES / "molecule", project / "molecule" / "default")
        environment = {**os.environ, **PLAIN, "ASGI_DEPLOY": str(TOP), "ASGI_LAB": name}
        environment["MOLECULE_EPHEMERAL_DIRECTORY"] = str(Path(folder, "state"))
        argv = [str(Path(sys.executable).with_name("molecule")), "test", "--no-command-borders"]
        done = subprocess.run(
            argv,
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    if done.returncode:
        print(done.stdout)
    print(f"the example scenario {'FAILED' if done.returncode else 'passed'} after {time.monotonic() - began:.0f} s")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
