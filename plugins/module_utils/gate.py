"""The gate: a release must answer on its own socket before it gets traffic."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_ANSWER_TIMEOUT = 10.0
_INTERVAL = 0.1


@dataclass(frozen=True)
class Gate:
    """What is asked, and what must be answered."""

    path: str
    status: Sequence[str]
    timeout: float
    successes: int
    host: str


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def passes(status: int, wanted: Sequence[str]) -> bool:
    """Whether a status is among numbers and classes such as ``2xx``."""
    return str(status) in wanted or f"{status // 100}xx" in wanted


def ask(path: str, gate: Gate, timeout: float) -> str | None:
    """Asks once on a connection of its own; gives what is wrong with the answer, or nothing."""
    connection = _UnixConnection(path, timeout)
    try:
        # As nginx asks it for a visitor, so that an application that insists on HTTPS or on its host name answers.
        headers = {
            "Host": gate.host,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "127.0.0.1",
            "Connection": "close",
        }
        connection.request("GET", gate.path, headers=headers)
        response = connection.getresponse()  # its status says all; a body may have no end
    except TimeoutError:
        return f"GET {gate.path} got no answer within {timeout:.3g} s"
    except (OSError, http.client.HTTPException) as error:
        return f"GET {gate.path} failed: {error or type(error).__name__}"
    finally:
        connection.close()
    if passes(response.status, gate.status):
        return None
    return f"GET {gate.path} answered {response.status} {response.reason}, expected {', '.join(gate.status)}"


def watch(path: str, gate: Gate, broken: Callable[[], str | None]) -> str | None:
    """Asks until the answers pass; gives why they did not, or nothing.

    Args:
        path: the release's socket.
        gate: what must be answered.
        broken: tells why waiting is in vain, such as a process that has ended.
    """
    deadline = time.monotonic() + gate.timeout
    in_a_row = 0
    while True:
        left = deadline - time.monotonic()
        wrong = ask(path, gate, max(0.1, min(_ANSWER_TIMEOUT, left)))
        in_a_row = 0 if wrong else in_a_row + 1
        if hopeless := broken():
            return hopeless
        if in_a_row >= gate.successes:
            return None
        if time.monotonic() >= deadline:
            return f"{wrong or f'only {in_a_row} answers in a row passed'} (for {gate.timeout:.3g} s)"
        if wrong:
            time.sleep(_INTERVAL)
