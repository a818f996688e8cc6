"""The SSH connection that a run comes by, and what sshd says of itself: what must not be shut out."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.commands import last_lines, run_unchecked
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError


@dataclass(frozen=True)
class Connection:
    """Where a run comes from, and as whom it logged in."""

    client: str
    port: int  # of this host
    user: str


def parse_environ(data: bytes) -> tuple[str, int] | None:
    """Client and port of this host from the environment of a process that sshd started."""
    for entry in data.split(b"\0"):
        name, _separator, value = entry.partition(b"=")
        words = value.decode(errors="replace").split()
        if name == b"SSH_CONNECTION" and len(words) == 4 and words[3].isdigit():
            return words[0], int(words[3])
    return None


def parse_status(text: str) -> Mapping[str, str]:
    """/proc/PID/status."""
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def find_connection(proc: Path = Path("/proc"), pid: int | None = None) -> Connection | None:
    """The connection by which this process was started; nothing without SSH.

    sudo hides it from us, so it is looked for in the processes that began this one, up to sshd. The outermost tells who
    logged in.
    """
    found = None
    here = os.getpid() if pid is None else pid
    while here > 1:
        try:
            status = parse_status((proc / str(here) / "status").read_text(errors="replace"))
            seen = parse_environ((proc / str(here) / "environ").read_bytes())
        except OSError:  # it ended meanwhile
            break
        if status["Name"].startswith("sshd"):
            break
        if seen:
            found = Connection(*seen, _user(int(status["Uid"].split()[0])))
        here = int(status["PPid"])
    return found


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def effective_options(user: str | None = None) -> dict[str, list[str]]:
    """sshd's configuration as it takes it, each option with all of its values; nothing where there is no sshd.

    Args:
        user: as whom somebody logs in; without, as for everybody.
    """
    if not Path("/usr/sbin/sshd").exists():
        return {}
    shown = run_unchecked(["sshd", "-T", *(["-C", f"user={user},host=,addr="] if user else [])], reads=True)
    if shown.returncode:
        raise DeployError(f"sshd refuses the configuration it has; mend it and run again\n{last_lines(shown)}")
    return parse_effective(shown.stdout)


def parse_effective(text: str) -> dict[str, list[str]]:
    """What `sshd -T` prints; its names are in small letters up to OpenSSH 10.0, and as in the manual later."""
    options: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _separator, value = line.partition(" ")
        options.setdefault(name.lower(), []).append(value)
    return options


def ports(options: Mapping[str, list[str]], seen: Connection | None) -> list[int]:
    """Where sshd listens, and where this run came in: both, since a host may lead one port to another."""
    found = {int(port) for port in options.get("port", [])}
    return sorted(found | ({seen.port} if seen else set()))


def has_key(user: str, options: Mapping[str, list[str]]) -> bool:
    """Whether a user may log in by a key, as far as files tell."""
    if any(options.get(name, ["none"]) != ["none"] for name in ("authorizedkeyscommand", "trustedusercakeys")):
        return True  # who may is decided elsewhere; that it works is tried before it is final
    try:
        home = pwd.getpwnam(user).pw_dir
    except KeyError:
        return False
    return any(
        any(
            line.strip() and not line.lstrip().startswith("#") for line in file.read_text(errors="replace").splitlines()
        )
        for file in key_files(options.get("authorizedkeysfile", []), user, home)
        if file.is_file()
    )


def key_files(patterns: list[str], user: str, home: str) -> list[Path]:
    """Where sshd looks for a user's keys; sshd_config(5), TOKENS."""
    words = [word for pattern in patterns for word in pattern.split() if word != "none"]
    filled = [word.replace("%%", "\0").replace("%h", home).replace("%u", user).replace("\0", "%") for word in words]
    return [Path(home, word) for word in filled]


def ineffective_options(options: Mapping[str, list[str]], wanted: Mapping[str, str]) -> list[str]:
    """Options of sshd that are something else than was written into its folder of settings."""
    return [
        f"{name} is {' '.join(options.get(name, ['not known']))} instead of {value}"
        for name, value in wanted.items()
        if options.get(name) != [value]
    ]
