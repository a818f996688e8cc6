"""Commands as the audit trail keeps them: without the values of an application's variables and secrets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.release import credentials
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import UNITS
from ansible_collections.asgi.deploy.plugins.module_utils._shared.masking import MASK, masked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import (
    parse_environment_file,
    written_command,
)

_LONG = 4  # characters: a shorter value is masked only as a whole word


def command_text(unit: str) -> str:
    """Return the command of a release command's unit, as a user may write it."""
    text = Path(UNITS, unit).read_text(encoding="utf-8")
    return written_command(next(line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart=")))


def recorded(command: str, release: Path) -> str:
    """Return a command as the trail keeps it.

    Args:
        command: as a user wrote it.
        release: the folder of the release that it runs in.
    """
    text = (release / "environment").read_text(encoding="utf-8", errors="replace")
    secrets = credentials.read_decrypted(release / credentials.FOLDER)
    return audit_text(command, [*parse_environment_file(text).values(), *secrets.values()])


def audit_text(command: str, values: Collection[str]) -> str:
    """Return a command without the values of an application's variables and secrets.

    The name of a variable that is set in it stays. A value of less than four characters is masked only as a whole word.

    Args:
        command: as a user wrote it.
        values: the values to mask.
    """
    words = shlex.split(command)
    named = (re.sub(r"(?s)^([A-Za-z_]\w*)=.+", r"\1=…", word) for word in words)
    long = [value for value in values if len(value) >= _LONG]
    kept = [MASK if word in values else masked(word, long) for word in named]
    return command if kept == words else shlex.join(kept)
