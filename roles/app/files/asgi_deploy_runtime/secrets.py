"""The application's secrets, from the credentials that systemd gives the unit, into the environment of this process.

They are read inside the process, so that they are in no unit and in no environment file on disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def load(names: Iterable[str]) -> None:
    """Puts the secrets of these names where the application looks: ``os.environ``.

    Raises:
        FileNotFoundError: systemd has not given one.
    """
    for name in names:
        content = Path(os.environ["CREDENTIALS_DIRECTORY"], name).read_bytes()
        os.environb[name.encode()] = content
