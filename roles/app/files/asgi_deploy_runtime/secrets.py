"""The application's secrets, read from the unit's credentials into the environment of this process.

The process itself reads them, so that they are in no unit and in no environment file on disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def load(names: Iterable[str]) -> None:
    """Put secrets into ``os.environ``, where the application reads them.

    Args:
        names: of credentials and of variables.

    Raises:
        FileNotFoundError: systemd has not provided one.
    """
    for name in names:
        content = Path(os.environ["CREDENTIALS_DIRECTORY"], name).read_bytes()
        os.environb[name.encode()] = content
