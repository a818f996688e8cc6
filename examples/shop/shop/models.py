"""What the application answers with."""

import os
from datetime import datetime

from pydantic import BaseModel, Field, JsonValue

from shop import __version__


class Status(BaseModel):
    """The answer to a probe."""

    status: str


class Readiness(Status):
    """The answer to the readiness probe: which backing services it waits for."""

    down: list[str] = []


class NewOrder(BaseModel):
    """What a visitor orders."""

    item: str = Field(min_length=1, max_length=200)
    quantity: int = Field(default=1, ge=1, le=1000)


class Order(NewOrder):
    """An order as it is stored."""

    id: int
    placed: datetime


class Visits(BaseModel):
    """How often the shop was visited."""

    visits: int


class Version(BaseModel):
    """Which code, which release and which worker answered; every other answer carries it too."""

    version: str = __version__
    release: str | None = Field(default_factory=lambda: os.environ.get("ASGI_RELEASE"))
    pid: int = Field(default_factory=os.getpid)


class Echo(Version):
    """A body as it arrived: its JSON value if it was sent as JSON, and in any case its bytes."""

    length: int
    sha256: str
    json_value: JsonValue = Field(serialization_alias="json")
    base64: str


class Headers(Version):
    """A request as the application sees it, behind whatever proxies stand in front."""

    scheme: str
    http_version: str
    client: str | None
    url: str
    headers: list[tuple[str, str]]


class Slept(Version):
    """The answer to a slow request."""

    seconds: float


class Tick(Version):
    """One server-sent event."""

    number: int


class Message(Version):
    """The answer to one WebSocket message."""

    echo: str
