"""Runs a command of the release with its secrets in the environment: ``python -m asgi_deploy_runtime.run PROGRAM …``.

The command replaces this process.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from . import settings  # it has read the secrets

RELEASE_FOLDER = Path(__file__).absolute().parents[2]


def main() -> None:
    """Replace this process by the command."""
    program = sys.argv[1]
    # As in ExecSearchPath= of the units; this module is in the folder of its release.
    path = shutil.which(program, path=f"{RELEASE_FOLDER}/site/bin:{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin")
    if path is None:
        sys.exit(f"{settings.RELEASE}: there is no program {program}")
    os.execv(path, sys.argv[1:])


if __name__ == "__main__":
    main()
