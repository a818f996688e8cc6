"""Visitors of a program that knows nothing of this project: hey of Debian, at a pace, on kept connections.

It repeats a GET whose kept connection was closed before an answer began, as browsers do, and never a POST.
"""

from __future__ import annotations

import re
import signal
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Self

PACKAGES = ("hey",)
CONNECTIONS = {"GET": 30, "POST": 10}  # each client sends as much as another, so a quarter are POSTs
_LONGEST = "4h"
_BODY = 4096
_STATUS = re.compile(r"^  \[(\d+)\]\t(\d+) responses$", re.MULTILINE)
_ERROR = re.compile(r"^  \[(\d+)\]\t(?!\d+ responses)(.+)$", re.MULTILINE)
_SPEED = re.compile(r"^  Requests/sec:\t([\d.]+)$", re.MULTILINE)
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+:\d+")


class ForeignError(Exception):
    """A client that ended without a report of its requests."""


@dataclass
class Counts:
    """What came of requests: how many there were, and how many of each method had no right answer, with why."""

    requests: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, other: Counts) -> None:
        self.requests += other.requests
        self.lost.update(other.lost)
        self.reasons.update(other.reasons)


def parse(printed: str, method: str) -> Counts:
    """Return what the report of hey says; all but a status from 200 to 299 is lost.

    Raises:
        ForeignError: it is none.
    """
    if not _SPEED.search(printed):
        raise ForeignError(f"found no report of hey: {printed[-500:]!r}")
    counts = Counts()
    for status, number in _STATUS.findall(printed):
        counts.requests += int(number)
        if not 200 <= int(status) < 300:
            counts.reasons[f"{method}: status {status}"] += int(number)
    for number, reason in _ERROR.findall(printed):
        counts.requests += int(number)
        counts.reasons[f"{method}: {_ADDRESS.sub('…', reason)}"] += int(number)
    if lost := counts.reasons.total():
        counts.lost[method] = lost
    return counts


def command(url: str, domain: str, method: str, pace: float | None, body: str) -> list[str]:
    """Return the command of a group of visitors, who send `pace` requests a second together, or as many as they can."""
    clients = CONNECTIONS[method]
    limit = ["-q", f"{pace / clients:.3f}"] if pace else []
    what = ["-m", "POST", "-D", body, "-T", "application/octet-stream"] if method == "POST" else []
    path = "/echo" if method == "POST" else "/version"
    return ["hey", "-z", _LONGEST, "-c", str(clients), "-cpus", "1", *limit, *what, "-host", domain, f"{url}{path}"]


class Foreign:
    """Visitors while a block runs; then `counts` has what came of them.

    Args:
        address: of the host.
        domain: the site's.
        pace: requests a second of all of them.
    """

    def __init__(self, address: str, domain: str, pace: float | None) -> None:
        self._url, self._domain, self._pace = f"https://{address}", domain, pace
        self._running: dict[str, subprocess.Popen[str]] = {}
        self.counts = Counts()

    def __enter__(self) -> Self:
        self._body: IO[bytes] = tempfile.NamedTemporaryFile()
        self._body.write(b"\0" * _BODY)
        self._body.flush()
        for method, clients in CONNECTIONS.items():
            share = self._pace * clients / sum(CONNECTIONS.values()) if self._pace else None
            argv = command(self._url, self._domain, method, share, self._body.name)
            pipe = subprocess.PIPE
            self._running[method] = subprocess.Popen(argv, stdout=pipe, stderr=subprocess.STDOUT, text=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until each request under way has ended."""
        for process in self._running.values():
            process.send_signal(signal.SIGINT)
        printed = {method: process.communicate(timeout=120)[0] for method, process in self._running.items()}
        self._body.close()
        if kind is None:
            for method, text in printed.items():
                self.counts.add(parse(text, method))


def speed(printed: str) -> float:
    """Return how many requests a second a report of hey has."""
    if not (result := _SPEED.search(printed)):
        raise ForeignError(f"found no report of hey: {printed[-500:]!r}")
    return float(result[1])


def capacity(address: str, domain: str, seconds: int) -> float:
    """Return how many requests a second the host answers, with what asks on the same machine."""
    argv = command(f"https://{address}", domain, "GET", None, "")
    argv[argv.index(_LONGEST)] = f"{seconds}s"
    return speed(subprocess.run(argv, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout)
