"""What is compared: servers, ways to connect to them, and what happens to them during requests."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import Template

FILES = Path(__file__).parent / "files"
RECYCLE_AFTER, JITTER = 500, 100
UVICORN = "--fd 3 --no-access-log --no-server-header --timeout-keep-alive 65 --timeout-graceful-shutdown 10"


@dataclass(frozen=True)
class Server:
    """A server, as the service unit starts it."""

    name: str
    about: str
    command: str
    workers: int = 2
    """Worker processes below the main one; 0 means that the main one serves."""
    config: str | None = None
    """The part of gunicorn's configuration file that distinguishes this server from the others."""
    loop: str = "auto"
    http: str = "auto"

    def command_line(self, *, recycling: bool) -> str:
        """Return what systemd runs."""
        limit = f" --limit-max-requests {RECYCLE_AFTER} --limit-max-requests-jitter {JITTER}"
        return self.command + (limit if recycling and not self.config else "")

    def config_text(self, *, recycling: bool) -> str:
        """Return the text of gunicorn's configuration file."""
        if not self.config:
            return ""
        values = {"max_requests": RECYCLE_AFTER, "jitter": JITTER} if recycling else {"max_requests": 0, "jitter": 0}
        return render(self.config, loop=self.loop, http=self.http) + render("gunicorn-common", **values)


@dataclass(frozen=True)
class Upstream:
    """How nginx connects to the server."""

    name: str
    about: str
    directives: str
    location: str = ""


@dataclass(frozen=True)
class Variant:
    """A server behind an upstream."""

    server: Server
    upstream: Upstream

    @property
    def name(self) -> str:
        """Return both names."""
        return f"{self.server.name}/{self.upstream.name}"


def render(name: str, **values: object) -> str:
    """Return a file of this package with its values."""
    return Template((FILES / f"{name}.tmpl").read_text()).substitute(values)


GUNICORN = "gunicorn --config=/srv/bench/gunicorn.conf.py app:app"
SOCKET = "server unix:/srv/bench/current/app.sock{};"
BOUNDED = "keepalive 32; keepalive_time 3s; keepalive_timeout 2s;"
TWICE = SOCKET.format(" max_fails=0") * 2

SERVERS = [
    Server("gunicorn-uvicorn", "gunicorn with uvicorn's worker", GUNICORN, config="gunicorn-plain"),
    Server("gunicorn-drain", "gunicorn with uvicorn's worker, which drains", GUNICORN, config="gunicorn-drain"),
    Server("gunicorn-asgi", "gunicorn with its own asgi worker", GUNICORN, config="gunicorn-asgi"),
    Server("uvicorn-workers", "uvicorn's supervisor with two workers", f"uvicorn {UVICORN} --workers 2 app:app"),
    Server("uvicorn-single", "one uvicorn process", f"uvicorn {UVICORN} app:app", workers=0),
]
EXTRA_SERVERS = [
    Server(
        "gunicorn-drain-pure",
        "the same without uvloop and httptools",
        GUNICORN,
        config="gunicorn-drain",
        loop="asyncio",
        http="h11",
    ),
]
UPSTREAMS = [
    Upstream("off", "a connection for each request", SOCKET.format("")),
    Upstream("unbounded", "`keepalive 32`, nginx's default times", SOCKET.format("") + "keepalive 32;"),
    Upstream("bounded", "`keepalive 32`, `keepalive_time 3s`, `keepalive_timeout 2s`", SOCKET.format("") + BOUNDED),
]
RETRIES = [
    Upstream(
        "bounded-twice",
        "bounded, the socket listed twice with `max_fails=0`, and `proxy_next_upstream error`",
        TWICE + BOUNDED,
        "proxy_next_upstream error;",
    ),
    Upstream(
        "bounded-again",
        "bounded, and a GET or HEAD that nginx would answer with 502 is asked once more on a connection of its own",
        SOCKET.format("") + BOUNDED,
        "error_page 502 = @again;",
    ),
]
# In addition to the full product: what is worth trying with the servers that may become the default.
VARIANTS = [
    *(Variant(*pair) for pair in product(SERVERS, UPSTREAMS)),
    *(Variant(SERVERS[1], upstream) for upstream in RETRIES),
    *(Variant(server, UPSTREAMS[2]) for server in EXTRA_SERVERS),
]
OPERATIONS = {
    "deploy": "the other release starts, `current` is renamed, the old one stops when it has no peers or after 6 s",
    "handover": "the same, but the old one is stopped right after the rename",
    "restart": "`systemctl restart` of the live service, twice",
    "sparse": "the same, while 40 clients POST once a second each: nginx has many idle connections",
    "recycle": f"workers end after {RECYCLE_AFTER} to {RECYCLE_AFTER + JITTER} requests, for 7 s",
    "kill": "SIGKILL of one worker, three times",
    "hup": "SIGHUP to the main process, twice",
}


def possible(variant: Variant, operation: str) -> bool:
    """Return whether it says something: the questions behind some operations concern few variants."""
    if variant.upstream in RETRIES:
        return operation == "kill"
    if operation in ("handover", "sparse"):
        return variant.server in SERVERS[:2]
    if operation == "hup":
        return variant.server.workers > 0 and variant.upstream.name == "bounded"
    return True


def worth_timing(variant: Variant) -> bool:
    """Return whether no request failed; repeated failures would make times meaningless."""
    return variant.upstream not in RETRIES
