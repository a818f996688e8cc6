"""Exceptions in the configuration of sshd: options that a `Match` allows again, and users that can log in by a key."""

from __future__ import annotations

import glob
import pwd
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening import ssh_access

CONFIGURATION = Path("/etc/ssh/sshd_config")
_MOST_LEVELS = 16  # of files that include others, as in sshd
# Options that let someone in; other options may differ for some connections.
_LETTING_IN = {
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "challengeresponseauthentication",
    "permitrootlogin",
}
_NO_SHELLS = ("nologin", "false", "sync")


@dataclass(frozen=True)
class MatchOption:
    """An option that holds only for some connections.

    Attributes:
        criteria: as in `Match`, in lower case.
        option: its keyword, in lower case.
        value: as written.
        place: its file and line.
    """

    criteria: str
    option: str
    value: str
    place: str


def options_within_match(lines: Sequence[tuple[str, str]]) -> list[MatchOption]:
    """Return the options within `Match` of a configuration.

    Args:
        lines: each with its place; lines of included files are where they are included.
    """
    options = []
    criteria = ""
    for place, line in lines:
        words = _words(line)
        if not words:
            continue
        option, value = words[0].lower(), " ".join(words[1:])
        if option == "match":
            criteria = value.lower()
        elif criteria and criteria != "all":
            options.append(MatchOption(criteria, option, value, place))
    return options


def configuration(file: Path = CONFIGURATION, level: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the lines of sshd's configuration with their places, and instead of `Include` the lines of those files.

    A `Match` in a file that is included ends with that file.
    """
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    last = "match all"
    for number, line in enumerate(text.splitlines(), 1):
        words = _words(line)
        if words and words[0].lower() == "match":
            last = line
        if words and words[0].lower() == "include" and level < _MOST_LEVELS:
            for pattern in words[1:]:
                for name in sorted(glob.glob(str(CONFIGURATION.parent / pattern))):
                    yield from configuration(Path(name), level + 1)
                    yield f"{file}:{number}", last
            continue
        yield f"{file}:{number}", line


def unexpected_options(
    lines: Sequence[tuple[str, str]], desired: Mapping[str, str], meant: Sequence[str]
) -> list[MatchOption]:
    """Return options that allow passwords or root again, unless their criteria are meant.

    Args:
        lines: of sshd's configuration.
        desired: options as they must be for everyone, in lower case.
        meant: criteria that are meant, as in `Match`.
    """
    known = {" ".join(criteria.lower().split()) for criteria in meant}
    return [
        match
        for match in options_within_match(lines)
        if match.option in _LETTING_IN
        and desired.get(match.option, "no" if match.option != "permitrootlogin" else match.value) != match.value.lower()
        and " ".join(match.criteria.split()) not in known
    ]


def users_with_keys(options: Mapping[str, list[str]], root: bool) -> list[str]:
    """Return the users that can log in by a key, as far as files show it.

    Args:
        options: of sshd, as it applies them.
        root: whether root may.
    """
    users = [
        user.pw_name for user in pwd.getpwall() if not user.pw_shell.endswith(_NO_SHELLS) and (root or user.pw_uid != 0)
    ]
    return [name for name in users if ssh_access.has_key(name, options)]


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # sshd would refuse it
        return []
    # An option may be followed by an equals sign.
    if words and "=" in words[0]:
        words[0:1] = words[0].split("=", 1)
    return [word for word in words if word not in ("", "=")]
