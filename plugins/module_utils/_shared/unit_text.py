"""Text that systemd reads: environment files and command lines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

# Of the units that an application may need.
UNIT_SUFFIXES = (".service", ".socket", ".target", ".mount")
# The beginning of a command that needs the release's secrets in its environment; relative to the release's directory.
LAUNCHER = "venv/bin/python -m asgi_deploy_runtime.run"
SITE = "site"  # the folder of packages of a release itself; relative to its directory, as the next ones
PYTHON_PATH_FILE = "python_path"  # an environment file with the folders in which its programs look for modules
_PROGRAMS = (f"{SITE}/bin", "venv/bin")
_SYSTEM_PROGRAMS = ("/usr/local/bin", "/usr/bin", "/bin")

_VARIABLE = re.compile(r'^([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"$', re.MULTILINE | re.DOTALL)
# Characters that need a backslash inside double quotes: SHELL_NEED_ESCAPE of systemd's src/basic/escape.h.
_SPECIAL = re.compile(r'(["\\`$])')


def program_folders(release: str) -> list[str]:
    """Return the folders in which units of a release look for programs: its own, its environment's, the system's."""
    return [*(f"{release}/{folder}" for folder in _PROGRAMS), *_SYSTEM_PROGRAMS]


def environment_file(variables: Mapping[str, str | int | float]) -> str:
    """Return an EnvironmentFile= for these variables; every value stays within its quotes."""
    lines = (f'{name}="{_SPECIAL.sub(_escaped, str(value))}"\n' for name, value in sorted(variables.items()))
    return "".join(lines)


def parse_environment_file(text: str) -> dict[str, str]:
    """Return the variables of a text that :func:`environment_file` made."""
    return {match[1]: re.sub(r"\\(.)", r"\1", match[2], flags=re.DOTALL) for match in _VARIABLE.finditer(text)}


def command_line(command: str) -> str:
    """Return a shell command for ExecStart=, in which each word stays one word and nothing is expanded."""
    return " ".join(_quoted(word) for word in shlex.split(command))


def written_command(line: str) -> str:
    """Return the shell command of a line that :func:`command_line` made, without the launcher of a release."""
    words = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]
    launcher = LAUNCHER.split()[1:]
    if words[1 : 1 + len(launcher)] == launcher:
        words = words[1 + len(launcher) :]
    return shlex.join(words)


def _quoted(word: str) -> str:
    """Return a word as in "Command lines" of systemd.service(5): % and $ doubled, quotes and backslashes escaped."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"'


def _escaped(match: re.Match[str]) -> str:
    return "\\" + match[1]
