"""Text that systemd reads: environment files and command lines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

# Of the units that an application may need.
UNIT_SUFFIXES = (".service", ".socket", ".target", ".mount")
# What precedes a command that shall find the release's secrets in its environment: below the release's directory.
LAUNCHER = "venv/bin/python -m asgi_deploy_runtime.run"

_VARIABLE = re.compile(r'^([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"$', re.MULTILINE | re.DOTALL)
# What a backslash must precede inside double quotes: SHELL_NEED_ESCAPE of systemd's src/basic/escape.h.
_SPECIAL = re.compile(r'(["\\`$])')


def environment_file(variables: Mapping[str, object]) -> str:
    """An EnvironmentFile= for these variables; whatever a value holds stays within its quotes."""
    lines = (f'{name}="{_SPECIAL.sub(_escaped, str(value))}"\n' for name, value in sorted(variables.items()))
    return "".join(lines)


def parse_environment_file(text: str) -> dict[str, str]:
    """Return the variables of a text that :func:`environment_file` made."""
    return {found[1]: re.sub(r"\\(.)", r"\1", found[2], flags=re.DOTALL) for found in _VARIABLE.finditer(text)}


def command_line(command: str) -> str:
    """A command written as for a shell, as ExecStart= takes it: each word stays one, and nothing is expanded."""
    return " ".join(_quoted(word) for word in shlex.split(command))


def _quoted(word: str) -> str:
    """See "Command lines" in systemd.service(5): % and $ are doubled, quotes and backslashes escaped."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"'


def _escaped(found: re.Match[str]) -> str:
    return "\\" + found[1]
