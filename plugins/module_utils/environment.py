"""Text of environment files as systemd reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What a backslash must precede inside double quotes: SHELL_NEED_ESCAPE of systemd's src/basic/escape.h.
_SPECIAL = re.compile(r'(["\\`$])')


def environment_file(variables: Mapping[str, object]) -> str:
    """An EnvironmentFile= for these variables; whatever a value holds stays within its quotes."""
    lines = (f'{name}="{_SPECIAL.sub(_escaped, str(value))}"\n' for name, value in sorted(variables.items()))
    return "".join(lines)


def _escaped(found: re.Match[str]) -> str:
    return "\\" + found[1]
