"""Runs a command of the release with its secrets in the environment: ``python -m asgi_deploy_runtime.run PROGRAM …``.

The process becomes that of the command.
"""

from __future__ import annotations

import os
import shutil
import sys

from . import settings  # which has read the secrets


def main() -> None:
    """Does not return."""
    program = sys.argv[1]
    # As ExecSearchPath= of the units has it.
    found = shutil.which(program, path=f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin")
    if found is None:
        sys.exit(f"{settings.RELEASE}: there is no program {program}")
    os.execv(found, sys.argv[1:])


if __name__ == "__main__":
    main()
