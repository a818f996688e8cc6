"""Exceptions that sshd makes for some: what a `Match` allows again, and who can log in by a key."""

from __future__ import annotations

import glob
import pwd
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening import ssh_access

CONFIGURATION = Path("/etc/ssh/sshd_config")
_MOST_LEVELS = 16  # of files that include others, as sshd has it
# What opens a door; other options may well differ for some.
_DOORS = {
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "challengeresponseauthentication",
    "permitrootlogin",
}
_NO_SHELLS = ("nologin", "false", "sync")


@dataclass(frozen=True)
class MatchOption:
    """An option that holds for some connections alone."""

    criteria: str  # as `Match` has them, in small letters
    option: str
    value: str
    place: str


def options_within_match(lines: Sequence[tuple[str, str]]) -> list[MatchOption]:
    """Return the options within `Match` of a configuration.

    Args:
        lines: each with its place; those of included files are where they are included.
    """
    found = []
    criteria = ""
    for place, line in lines:
        words = _words(line)
        if not words:
            continue
        option, value = words[0].lower(), " ".join(words[1:])
        if option == "match":
            criteria = value.lower()
        elif criteria and criteria != "all":
            found.append(MatchOption(criteria, option, value, place))
    return found


def configuration(file: Path = CONFIGURATION, level: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the lines of sshd's configuration with their places, and in the place of `Include` those of the files.

    A file that is included has no effect on what comes after it: a `Match` in it ends with it.
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
    lines: Sequence[tuple[str, str]], wanted: Mapping[str, str], meant: Sequence[str]
) -> list[MatchOption]:
    """Return what allows passwords or root again, of which nobody has said that it is meant.

    Args:
        lines: of sshd's configuration.
        wanted: options as they shall be for everybody, in small letters.
        meant: criteria that are meant, as `Match` has them.
    """
    known = {" ".join(one.lower().split()) for one in meant}
    return [
        one
        for one in options_within_match(lines)
        if one.option in _DOORS
        and wanted.get(one.option, "no" if one.option != "permitrootlogin" else one.value) != one.value.lower()
        and " ".join(one.criteria.split()) not in known
    ]


def users_with_keys(options: Mapping[str, list[str]], root: bool) -> list[str]:
    """Return the users who can log in by a key, as far as files tell.

    Args:
        options: of sshd, as it takes them.
        root: whether root may.
    """
    people = [
        one.pw_name for one in pwd.getpwall() if not one.pw_shell.endswith(_NO_SHELLS) and (root or one.pw_uid != 0)
    ]
    return [name for name in people if ssh_access.has_key(name, options)]


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # sshd would refuse it
        return []
    # An option may be followed by an equals sign.
    if words and "=" in words[0]:
        words[0:1] = words[0].split("=", 1)
    return [word for word in words if word not in ("", "=")]
