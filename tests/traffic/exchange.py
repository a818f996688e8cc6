"""One request and its answer: what is asked, and whether the answer is right."""

import json
import random
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from .load import Load


class Kind(StrEnum):
    """In which way a request failed."""

    CONNECT = "connect"
    """No connection: refused, unreachable, not trusted, or ended before TLS was set up."""
    RESET = "reset"
    """The connection was reset after the request was written."""
    CLOSED = "closed"
    """The connection was closed after the request was written, before the answer was whole."""
    TIMEOUT = "timeout"
    STATUS = "status"
    BODY = "body"
    """The answer is not the one to this request."""
    PROTOCOL = "protocol"
    """What came is not HTTP, or not a WebSocket."""


class BrokenError(Exception):
    """A request that failed."""

    def __init__(self, kind: Kind, detail: str) -> None:
        """Say how, and what was seen."""
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail = kind, detail


class UnprocessedError(Exception):
    """The server vouches that it did not process the request: sending it once more is safe (RFC 9113, 8.7)."""


@dataclass(frozen=True)
class Request:
    """What is asked."""

    method: str
    path: str
    body: bytes = b""

    def headers(self, authority: str) -> list[tuple[str, str]]:
        """Return the headers, in lower case as HTTP/2 wants them."""
        lines = [("host", authority), ("user-agent", "asgi-deploy-traffic"), ("accept", "*/*")]
        if self.body:
            lines += [("content-type", "application/octet-stream"), ("content-length", str(len(self.body)))]
        return lines


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Seen:
    """Who answered."""

    version: str
    release: str | None


def get(load: Load) -> Request:
    """Ask who is there."""
    return Request("GET", load.path(load.get_path))


def post(load: Load) -> Request:
    """Send a body that was never sent before, so that no answer but its own fits."""
    return Request("POST", load.path("/echo"), random.randbytes(load.body_bytes))


def verify(request: Request, answer: Answer) -> Seen:
    """Return which release answered, if the answer is right."""
    if answer.status != 200:
        raise BrokenError(Kind.STATUS, str(answer.status))
    data = parse(answer.body)
    if request.method == "POST":
        if data.get("length") != len(request.body):
            raise BrokenError(Kind.BODY, f"{len(request.body)} bytes were sent, {data.get('length')} arrived")
        if data.get("sha256") != sha256(request.body).hexdigest():
            raise BrokenError(Kind.BODY, "the checksum is another")
    return seen(data)


def verify_message(text: str, reply: str | bytes) -> Seen:
    """Return which release echoed a WebSocket's message, if the echo is right."""
    data = parse(reply)
    if data.get("echo") != text:
        raise BrokenError(Kind.BODY, f"{text!r} was echoed as {data.get('echo')!r}")
    return seen(data)


def parse(body: str | bytes) -> dict[str, Any]:
    """Return the JSON object in an answer."""
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise BrokenError(Kind.BODY, f"not a JSON object: {body[:60]!r}")
    return data


def seen(data: dict[str, Any]) -> Seen:
    """Return which release gave an answer."""
    if not isinstance(data.get("version"), str):
        raise BrokenError(Kind.BODY, "the answer names no version")
    return Seen(data["version"], data.get("release"))
