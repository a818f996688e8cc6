"""The SSH connection of a run, and the configuration of sshd: what the hardening must not lock out."""

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
    """The connection of a run.

    Attributes:
        client: the address that it comes from.
        port: the TCP port of this host.
        user: the user that it logged in as.
    """

    client: str
    port: int
    user: str


def parse_environ(data: bytes) -> tuple[str, int] | None:
    """Return client and port of this host from the environment of a process that sshd started; None without them."""
    for entry in data.split(b"\0"):
        name, _separator, value = entry.partition(b"=")
        words = value.decode(errors="replace").split()
        if name == b"SSH_CONNECTION" and len(words) == 4 and words[3].isdigit():
            return words[0], int(words[3])
    return None


def parse_status(text: str) -> Mapping[str, str]:
    """Return the values in the text of /proc/PID/status, by name."""
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def find_connection(proc: Path = Path("/proc"), pid: int | None = None) -> Connection | None:
    """Return the SSH connection by which this process was started; None without SSH.

    sudo hides it from this process, so it is searched in the processes that started this one, up to sshd. The outermost
    of them runs as the user that logged in.
    """
    connection = None
    process = os.getpid() if pid is None else pid
    while process > 1:
        try:
            status = parse_status((proc / str(process) / "status").read_text(errors="replace"))
            client = parse_environ((proc / str(process) / "environ").read_bytes())
        except OSError:  # it has ended
            break
        if status["Name"].startswith("sshd"):
            break
        if client:
            connection = Connection(*client, _user(int(status["Uid"].split()[0])))
        process = int(status["PPid"])
    return connection


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def effective_options(user: str | None = None) -> dict[str, list[str]]:
    """Return the configuration that sshd applies, each option with all of its values; empty without sshd.

    Args:
        user: the user that logs in; None for the options that hold for everyone.

    Raises:
        DeployError: sshd refuses its configuration.
    """
    if not Path("/usr/sbin/sshd").exists():
        return {}
    shown = run_unchecked(["sshd", "-T", *(["-C", f"user={user},host=,addr="] if user else [])], reads=True)
    if shown.returncode:
        raise DeployError(f"sshd refuses its present configuration; repair it and run again\n{last_lines(shown)}")
    return parse_effective(shown.stdout)


def parse_effective(text: str) -> dict[str, list[str]]:
    """Return the options that `sshd -T` prints; its names are in lower case up to OpenSSH 10.0, and mixed later."""
    options: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _separator, value = line.partition(" ")
        options.setdefault(name.lower(), []).append(value)
    return options


def ports(options: Mapping[str, list[str]], connection: Connection | None) -> list[int]:
    """Return the ports where sshd listens, and the port of this run: a host may redirect one port to another."""
    listening = {int(port) for port in options.get("port", [])}
    return sorted(listening | ({connection.port} if connection else set()))


def has_key(user: str, options: Mapping[str, list[str]]) -> bool:
    """Return whether a user may log in by a key, as far as files show it."""
    if any(options.get(name, ["none"]) != ["none"] for name in ("authorizedkeyscommand", "trustedusercakeys")):
        return True  # decided elsewhere; a new connection proves it before the change is final
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
    """Return the files where sshd searches for a user's keys; sshd_config(5), TOKENS."""
    words = [word for pattern in patterns for word in pattern.split() if word != "none"]
    filled = [word.replace("%%", "\0").replace("%h", home).replace("%u", user).replace("\0", "%") for word in words]
    return [Path(home, word) for word in filled]


def ineffective_options(options: Mapping[str, list[str]], desired: Mapping[str, str]) -> list[str]:
    """Return options of sshd that differ from what was written into its folder of settings, as texts."""
    return [
        f"{name} is {' '.join(options.get(name, ['not known']))} instead of {value}"
        for name, value in desired.items()
        if options.get(name) != [value]
    ]
