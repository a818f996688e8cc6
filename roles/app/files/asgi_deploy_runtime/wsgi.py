"""The middleware of a WSGI application."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from . import health, requests
from .logs import request_id
from .settings import RELEASE, SETTINGS

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Middleware:
    """Middleware that gives every request an id, answers paths of the runtime, and counts and logs if configured."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._liveness = SETTINGS["health"]["liveness"]
        self._readiness = SETTINGS["health"]["readiness"]
        self._metrics_path = SETTINGS["health"]["metrics"]
        self._access = SETTINGS["log"]["access"]
        self._root_path = SETTINGS["root_path"]
        self._metrics = None
        if self._metrics_path:
            from .metrics import Metrics

            self._metrics = Metrics()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request_id.set(environ.get("HTTP_X_REQUEST_ID") or None)
        # Connections come only from nginx, which overwrites the header: it contains one address.
        environ["REMOTE_ADDR"] = environ.get("HTTP_X_FORWARDED_FOR", "")
        added = [("X-ASGI-Release", RELEASE)]
        if environ.get("HTTP_X_ASGI_PROBE"):
            added.append(("X-ASGI-Worker", str(os.getpid())))
        request = _Request(environ["PATH_INFO"])

        def starting(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            request.status = int(status.split(None, 1)[0])
            return start_response(status, [*headers, *_unbuffered(headers), *added], *error)

        if self._metrics:
            self._metrics.begin()
        try:
            body = self._own(request.path, starting) or self._application(self._below(environ), starting)
        except BaseException:
            # The id stays until the next request sets another one: the server logs the traceback by it.
            self._end(environ, request.failed())
            raise

        def ended(whole: bool) -> None:
            self._end(environ, request)
            if whole:
                request_id.set(None)

        # The body may be generated while it is sent, and is still part of the request.
        return _Body(body, ended)

    def _own(self, path: str, start_response: StartResponse) -> list[bytes] | None:
        """Return the answer to a path of the runtime; None for another path."""
        kind, status, body = "application/json", "200 OK", b""
        if path == self._liveness:
            body = requests.status_body("alive")
        elif path == self._readiness and health.draining():
            status, body = "503 Service Unavailable", requests.status_body("draining")
        elif path == self._metrics_path and self._metrics:
            kind, body = self._metrics.text()
        else:
            return None
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    def _below(self, environ: Environ) -> Environ:
        """Return the request for an application that is reached below a path: PEP 3333, SCRIPT_NAME."""
        root, path = self._root_path, environ["PATH_INFO"]
        if root and f"{path}/".startswith(f"{root}/"):
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = root, path[len(root) :]
        return environ

    def _end(self, environ: Environ, request: _Request) -> None:
        seconds = time.perf_counter() - request.began
        method = environ["REQUEST_METHOD"]
        if self._metrics:
            self._metrics.end(method, request.status, seconds)
        if self._access:
            agent = environ.get("HTTP_USER_AGENT", "")
            requests.log(method, request.path, request.status, seconds, environ["REMOTE_ADDR"] or None, agent)


class _Request:
    """A request and its result."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.began = time.perf_counter()
        self.status: int | None = None

    def failed(self) -> _Request:
        self.status = 500  # the answer of the server
        return self


def _unbuffered(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the header that makes nginx send each event of a stream at once, unless the application has set it."""
    present = {name.lower(): value for name, value in headers}
    if requests.is_event_stream(present.get("content-type", "")) and "x-accel-buffering" not in present:
        return [("X-Accel-Buffering", "no")]
    return []


class _Body:
    """The body of an application's answer.

    `then` is called when it was sent, or cannot be sent, with whether the application completed it.
    """

    def __init__(self, body: Iterable[bytes], then: Callable[[bool], None]) -> None:
        self._body = body
        self._then = then
        self._whole = True

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._body
        except Exception:
            self._whole = False
            raise

    def close(self) -> None:
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            self._then(self._whole)
