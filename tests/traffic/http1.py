"""HTTP/1.1 on one connection, one request at a time."""

import asyncio

import h11

from .connection import Connection
from .exchange import Answer, BrokenError, Kind, Request


class Http1(Connection):
    """A connection that speaks HTTP/1.1."""

    alpn = "http/1.1"

    def __init__(self, authority: str) -> None:
        """Prepare."""
        super().__init__(authority)
        self._http = h11.Connection(h11.CLIENT)
        self._answer: asyncio.Future[Answer] | None = None
        self._status = 0
        self._body = bytearray()

    async def exchange(self, request: Request) -> Answer:
        """Send a request and wait for its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._status, self._body = 0, bytearray()
        events = [
            h11.Request(method=request.method, target=request.path, headers=request.headers(self.authority)),
            h11.Data(request.body),
            h11.EndOfMessage(),
        ]
        self._transport.write(b"".join(self._http.send(event) or b"" for event in events))
        return await self._answer

    def busy(self) -> bool:
        """Return whether a request is under way."""
        return self._answer is not None and not self._answer.done()

    def lost(self, error: BrokenError) -> None:
        """Fail the request under way, if there is one."""
        if self._answer and not self._answer.done():
            where = f"within the answer {self._status}" if self._status else "before the answer"
            self._answer.set_exception(BrokenError(error.kind, f"{error.detail}, {where}"))

    def data_received(self, data: bytes) -> None:
        """Take in a part of an answer."""
        if not self.busy():  # Nothing was asked, so this is the end: a 408, say.
            self.closed_idle = self.usable
            self.retire()
            self._transport.close()
            return
        try:
            self._http.receive_data(data)
            self._take()
        except h11.RemoteProtocolError as error:
            self.retire()
            self.lost(BrokenError(Kind.PROTOCOL, str(error)))
            self._transport.abort()

    def eof_received(self) -> None:
        """Finish an answer whose end is the connection's."""
        if self.busy():
            try:
                self._http.receive_data(b"")
                self._take()
            except h11.RemoteProtocolError:
                pass  # The answer is not whole: what follows says so.
        super().eof_received()

    def _take(self) -> None:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return
            if isinstance(event, h11.Response):
                self._status = event.status_code
            elif isinstance(event, h11.Data):
                self._body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self._finish()
                return

    def _finish(self) -> None:
        self.answered = True
        if self._http.their_state is h11.DONE and not self._http.trailing_data[0]:
            self._http.start_next_cycle()
        else:  # "Connection: close", or bytes after the answer that no request asked for.
            self.retire()
        if self._answer and not self._answer.done():
            self._answer.set_result(Answer(self._status, bytes(self._body)))
