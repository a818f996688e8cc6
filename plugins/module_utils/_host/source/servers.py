"""Servers of repositories: how a server proves its identity, and messages about one that does not."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._shared.known_hosts import keys_of, keyscan, parse_line
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import EXPLAINED, PLAIN

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import TrustedKey

# The master of another connection may have trusted another key. Names are not hashed, so that users can copy them.
_SSH = ("ssh", "-oBatchMode=yes", "-oLogLevel=ERROR", "-oControlMaster=no", "-oControlPath=none")
_SSH_KEYS = ("-oUpdateHostKeys=no", "-oHashKnownHosts=no", "-oVerifyHostKeyDNS=no")
_OF_HOSTS = ("-oKnownHostsCommand=none",)  # a controller's ssh may be too old for it
_ROOTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")  # keys that an administrator has recorded for root
_MOST = 1_048_576  # bytes of a file of known keys that are read

_CHANGED = re.compile(r"^Host key for (\S+) has changed", re.MULTILINE)
_SHOWN = re.compile(r"fingerprint for the (\S+) key sent by the remote host is\s+(SHA256:[A-Za-z0-9+/]+)")
_OFFENDING = re.compile(r"^Offending \S+ key in (/\S+):\d+", re.MULTILINE)
_REVOKED = re.compile(r"The (\S+) host key for (\S+) is marked as revoked")
_UNKNOWN = re.compile(r"No (\S+) host key is known for (\S+) and you have requested strict checking")
_PLAIN = "|".join(PLAIN)
_REDIRECTED = re.compile(rf"Protocol \"?({_PLAIN})\"? (?:disabled|not supported)|transport '({_PLAIN})' not allowed")
_OTHERWISE = "if none was announced, something on the way answers in its place"


class Trust:
    """The trust in the servers of an application's repositories.

    Attributes:
        key: the text of the private key that servers accept.
        known_hosts: lines of known_hosts; with them no other key of a server counts.
        pins: a file of the keys that were trusted at first use; without it ssh keeps them where it always does.
        plain: whether a plain transport may be used.
        new: lines that were trusted at first use since this object was created.
    """

    def __init__(
        self,
        key: str | None = None,
        known_hosts: Sequence[str] = (),
        pins: Path | None = None,
        plain: bool = False,
    ) -> None:
        self.key = key
        self.known_hosts = known_hosts
        self.pins = pins
        self.plain = plain
        self.new: list[str] = []

    def pinned(self) -> list[TrustedKey]:
        """Return the keys that are trusted since their first use, including new ones."""
        if self.known_hosts or self.pins is None:
            return []
        return describe_keys(list(dict.fromkeys([*_lines(self.pins), *self.new])))

    @contextmanager
    def ssh(self, keep: bool) -> Iterator[Mapping[str, str]]:
        """Yield the variables for git to connect to a server; their files are on the host only while git runs.

        Args:
            keep: whether a key that is seen for the first time is recorded.
        """
        # In memory if this process is root; only its owner can read the folder in any case.
        with tempfile.TemporaryDirectory(prefix="asgi-ssh-", dir="/run" if os.geteuid() == 0 else None) as folder:
            words = [*_SSH, *_SSH_KEYS, *(_OF_HOSTS if self.pins else ()), *self._identity(Path(folder, "key"))]
            if self.known_hosts:
                file = _write_private(Path(folder, "known_hosts"), "".join(f"{line}\n" for line in self.known_hosts))
                words += ["-oStrictHostKeyChecking=yes", f"-oUserKnownHostsFile={file}"]
                yield {"GIT_SSH_COMMAND": shlex.join([*words, "-oGlobalKnownHostsFile=/dev/null"])}
                return
            words.append("-oStrictHostKeyChecking=accept-new")
            if self.pins is None:
                yield {"GIT_SSH_COMMAND": shlex.join(words)}
                return
            before = _lines(self.pins)
            text = "".join(f"{line}\n" for line in before)
            file = self.pins if keep else _write_private(Path(folder, "seen"), text)
            words.append(f"-oUserKnownHostsFile={' '.join((str(file), *_ROOTS))}")
            try:
                yield {"GIT_SSH_COMMAND": shlex.join(words)}
            finally:
                known = {*before, *self.new}
                self.new += [line for line in _lines(file) if line not in known]

    def _identity(self, file: Path) -> list[str]:
        if self.key is None:
            return []
        _write_private(file, self.key.strip() + "\n")
        return ["-oIdentitiesOnly=yes", f"-oIdentityFile={file}"]

    def refusal(self, url: str, output: str) -> str | None:
        """Return why a server was refused; None if it was not.

        Args:
            url: of the repository.
            output: what ssh and git printed.
        """
        if redirect := _REDIRECTED.search(output):
            return _redirected(url, redirect[1] or redirect[2])
        if revoked := _REVOKED.search(output):
            option = "known_hosts" if self.known_hosts else "git"
            return f"{option}: {revoked[2]} shows a key ({revoked[1]}) that is marked @revoked; nothing was fetched"
        if unknown := _UNKNOWN.search(output):
            return (
                f"known_hosts: found no line that {unknown[2]} proves itself by, from where {url} comes; "
                f"expected one for its {unknown[1]} key, as {keyscan(unknown[2])} prints it; nothing was fetched"
            )
        changed, shown = _CHANGED.search(output), _SHOWN.search(output)
        return self._changed(changed[1], shown[1], shown[2], output) if changed and shown else None

    def _changed(self, server: str, kind: str, fingerprint: str, output: str) -> str:
        if self.known_hosts:
            expected = _fingerprints(self.known_hosts, server)
            return (
                f"known_hosts: {server} shows another key than the entry has: found {fingerprint} ({kind}), "
                f"expected {expected}; nothing was fetched. If its operator announced the new key, write its line, as "
                f"{keyscan(server)} prints it; {_OTHERWISE}"
            )
        match = _OFFENDING.search(output)
        # ssh reads a copy of the pins if it is not to record keys.
        kept = Path(match[1]) if match and not Path(match[1]).match("asgi-ssh-*/seen") else self.pins
        expected = _fingerprints(_lines(kept), server)
        return (
            f"git: {server} shows another key than the one that it was first seen with here, which {kept} keeps: found "
            f"{fingerprint} ({kind}), expected {expected}; nothing was fetched. If its operator announced the new key, "
            f"write its line, as {keyscan(server)} prints it: known_hosts: ['{server} ssh-ed25519 AAAA…']; {_OTHERWISE}"
        )


def strict_options(known_hosts: Path) -> list[str]:
    """Return the options of an ssh that accepts only servers in a file of known_hosts."""
    words = [*_SSH[1:], *_SSH_KEYS, *_OF_HOSTS, "-oStrictHostKeyChecking=yes", f"-oUserKnownHostsFile={known_hosts}"]
    return [*words, "-oGlobalKnownHostsFile=/dev/null"]


def pinned_keys(file: Path) -> list[TrustedKey]:
    """Return the keys in a file of keys that were trusted at first use."""
    return describe_keys(_lines(file))


def describe_keys(lines: Sequence[str]) -> list[TrustedKey]:
    """Return the keys in lines of known_hosts."""
    keys = filter(None, map(parse_line, lines))
    return [{"host": key.names, "fingerprint": key.fingerprint, "line": key.line} for key in keys]


def _lines(file: Path | None) -> list[str]:
    if file is None or not file.is_file():
        return []
    with file.open(encoding="utf-8", errors="replace") as text:
        return text.read(_MOST).splitlines()


def _write_private(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    return file


def _fingerprints(lines: Sequence[str], server: str) -> str:
    return " or ".join(f"{key.fingerprint} ({key.kind})" for key in keys_of(lines, server)) or "another"


def _redirected(url: str, transport: str) -> str:
    return (
        f"git: {url} leads to {transport}://, which {EXPLAINED}; nothing was fetched; expected https:// or SSH all the "
        "way; write the URL that it leads to, with https://, or, if that does not answer, with insecure_transport: true"
    )
