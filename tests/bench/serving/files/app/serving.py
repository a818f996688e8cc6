"""What is served: an application that does nothing, and the same by FastAPI."""

from fastapi import FastAPI
from pydantic import BaseModel

BODY = b'{"status":"well"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def bare(scope, receive, send):
    while scope["type"] == "lifespan":
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": BODY})


class Status(BaseModel):
    status: str


fast = FastAPI()


@fast.get("/")
async def status() -> Status:
    return Status(status="well")
