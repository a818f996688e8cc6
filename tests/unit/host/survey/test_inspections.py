"""What an inspection takes."""

from __future__ import annotations

import os
import subprocess
import sys

from ansible_collections.asgi.deploy.plugins.module_utils._host.survey import inspections


def test_what_no_look_needs_is_not_loaded() -> None:
    """Each of these takes a host milliseconds, in every run."""
    unneeded = ["ssl", "http.client", "tarfile", "zipfile", "compileall", "email", "_strptime", "asyncio"]
    program = f"import sys, {inspections.__name__}; print(*[name for name in {unneeded} if name in sys.modules])"
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    shown = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == []
