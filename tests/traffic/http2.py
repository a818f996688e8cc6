"""HTTP/2 on one connection, many requests at a time."""

import asyncio
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hyperframe.frame import Frame, GoAwayFrame

from .connection import Connection
from .exchange import Answer, BrokenError, Kind, Request, UnprocessedError


class Engine(H2Connection):
    """The protocol, with GOAWAY as it is meant: streams under way still get their answers (RFC 9113, 6.8).

    h2 takes the connection for closed at once, and would fail them.
    """

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], list[Event]]:
        result = super()._receive_goaway_frame(frame)
        self.state_machine.state = ConnectionState.CLIENT_OPEN
        return result


@dataclass
class Stream:
    """One request under way."""

    answer: asyncio.Future[Answer]
    unsent: bytes
    status: int = 0
    body: bytearray = field(default_factory=bytearray)


class Http2(Connection):
    """A connection that speaks HTTP/2."""

    alpn = "h2"

    def __init__(self, authority: str) -> None:
        """Prepare."""
        super().__init__(authority)
        self._http = Engine(H2Configuration(client_side=True))
        self._streams: dict[int, Stream] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello."""
        super().connection_made(transport)
        self._http.initiate_connection()
        self._http.update_settings({SettingCodes.ENABLE_PUSH: 0})
        self._flush()

    async def exchange(self, request: Request) -> Answer:
        """Send a request and wait for its answer."""
        number = self._http.get_next_available_stream_id()
        stream = Stream(asyncio.get_running_loop().create_future(), request.body)
        scheme = "https" if self._transport.get_extra_info("ssl_object") else "http"
        named = dict(request.headers(self.authority))
        pseudo = {":method": request.method, ":scheme": scheme, ":authority": named.pop("host")}
        headers = list((pseudo | {":path": request.path} | named).items())
        self._http.send_headers(number, headers, end_stream=not request.body)
        self._streams[number] = stream
        self._send_bodies()
        self._flush()
        try:
            return await stream.answer
        except asyncio.CancelledError:
            self._http.reset_stream(number, ErrorCodes.CANCEL)
            self._flush()
            raise
        finally:
            self._streams.pop(number, None)
            if not self.usable and not self._streams:
                self._transport.close()  # The last answer after GOAWAY.

    def busy(self) -> bool:
        """Return whether a request is under way."""
        return bool(self._streams)

    def lost(self, error: BrokenError) -> None:
        """Fail the requests under way."""
        for stream in self._streams.values():
            where = f"within the answer {stream.status}" if stream.status else "before the answer"
            fail(stream, BrokenError(error.kind, f"{error.detail}, {where}"))

    def data_received(self, data: bytes) -> None:
        """Take in what has arrived."""
        try:
            for event in self._http.receive_data(data):
                self._take(event)
            self._send_bodies()
        except ProtocolError as error:
            self.retire()
            self.lost(BrokenError(Kind.PROTOCOL, f"{type(error).__name__}: {error}"))
            self._flush()
            self._transport.close()
        else:
            self._flush()

    def _take(self, event: Event) -> None:
        if isinstance(event, ConnectionTerminated):
            self._going_away(event)
        elif isinstance(event, WindowUpdated) or not hasattr(event, "stream_id"):
            return
        elif isinstance(event, DataReceived):
            self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if stream := self._streams.get(event.stream_id):
                stream.body += event.data
        elif stream := self._streams.get(event.stream_id):
            if isinstance(event, ResponseReceived):
                stream.status = int(dict(event.headers)[b":status"])
            elif isinstance(event, StreamEnded):
                self.answered = True
                if not stream.answer.done():
                    stream.answer.set_result(Answer(stream.status, bytes(stream.body)))
            elif isinstance(event, StreamReset):
                fail(stream, reset(event.error_code))

    def _going_away(self, event: ConnectionTerminated) -> None:
        if self.usable:
            self.closed_idle = not self.busy()
        self.retire()
        for number, stream in self._streams.items():
            if number > (event.last_stream_id or 0):
                fail(stream, UnprocessedError())

    def _send_bodies(self) -> None:
        """Send as much of the requests' bodies as the windows admit."""
        for number, stream in self._streams.items():
            while stream.unsent and not stream.answer.done():
                room = min(self._http.local_flow_control_window(number), self._http.max_outbound_frame_size)
                if room <= 0:
                    break
                part, stream.unsent = stream.unsent[:room], stream.unsent[room:]
                self._http.send_data(number, part, end_stream=not stream.unsent)

    def _flush(self) -> None:
        if data := self._http.data_to_send():
            self._transport.write(data)


def fail(stream: Stream, error: Exception) -> None:
    """End a request, unless it has ended."""
    if not stream.answer.done():
        stream.answer.set_exception(error)


def reset(code: ErrorCodes | int | None) -> Exception:
    """Return what a stream's reset means for its request."""
    if code == ErrorCodes.REFUSED_STREAM:
        return UnprocessedError()
    name = code.name if isinstance(code, ErrorCodes) else str(code)
    return BrokenError(Kind.RESET, f"the stream was reset: {name}")
