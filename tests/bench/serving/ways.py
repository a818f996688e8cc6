"""What is compared: the ways by which a visitor's request reaches an application."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

FILES = Path(__file__).with_name("files")
DOMAIN = "{app}.serving.test"
JOURNAL = "systemd-journald.service"


@dataclass(frozen=True)
class Way:
    """A way to an application, with the units whose CPU time it takes."""

    name: str
    about: str
    app: str
    port: int
    units: dict[str, str]
    tls: bool = True
    logs: str = "JSON"
    domain: str = DOMAIN
    path: str = "/"

    @property
    def url(self) -> str:
        """Return what visitors ask for."""
        return f"{'https' if self.tls else 'http'}://{self.domain.format(app=self.app)}:{self.port}{self.path}"


@dataclass(frozen=True)
class Uvicorn:
    """uvicorn with nothing in front; `options` are those that distinguish it from the others."""

    name: str
    app: str
    port: int
    options: str


def ours(app: str) -> dict[str, str]:
    """Return the units of an application that the collection has deployed."""
    return {"nginx": "nginx.service", "application": f"asgi-{app}@*.service"}


def render(name: str, **values: object) -> str:
    """Return a file of this package with its values."""
    return Template((FILES / f"{name}.tmpl").read_text()).substitute(values)


TLS = "--ssl-keyfile ${CREDENTIALS_DIRECTORY}/pem --ssl-certfile ${CREDENTIALS_DIRECTORY}/pem"
SILENT, JSON = "--no-access-log", "--log-config /srv/guide/uvicorn-json.json"
UVICORN = [
    Uvicorn("uvicorn-json", "bare", 9001, f"{TLS} {JSON}"),
    Uvicorn("uvicorn-tls", "bare", 9002, f"{TLS} {SILENT}"),
    Uvicorn("uvicorn-plain", "bare", 9003, SILENT),
    Uvicorn("uvicorn-fast", "fast", 9004, f"{TLS} {JSON}"),
]
# Name, application, and whether its own middleware logs in JSON, in the place of gunicorn's text.
GUIDED = {"guide": ("serving:bare", "no"), "guide-json": ("guided:bare", "yes"), "guide-fast": ("serving:fast", "no")}
GUIDED_PORTS = {name: (8443 + number, 8000 + number) for number, name in enumerate(GUIDED)}
PLAIN_PORT = 8080


def _guided(name: str, about: str, app: str, logs: str) -> Way:
    units = {"nginx": "guide-nginx.service", "application": f"{name}.service", "journal": JOURNAL}
    return Way(name, about, app, GUIDED_PORTS[name][0], units, logs=logs)


def _uvicorn(name: str, about: str, *, tls: bool = True, logs: str = "none") -> Way:
    one = next(item for item in UVICORN if item.name == name)
    units = {"application": f"{name}.service", "journal": JOURNAL}
    return Way(name, about, one.app, one.port, units, tls, logs)


OURS, GUIDE, GUIDE_JSON = "ours", "guide", "guide-json"
OURS_PLAIN, OURS_FEW, OURS_FAST = "ours-plain", "ours-few", "ours-fast"
WAYS = [
    Way(OURS, "asgi.deploy", "bare", 443, ours("bare")),
    Way(OURS_FEW, "asgi.deploy, a worker for each CPU", "few", 443, ours("few")),
    _guided(GUIDE, "the guide", "bare", "text"),
    _guided(GUIDE_JSON, "the guide, its JSON log", "bare", "JSON"),
    _uvicorn("uvicorn-json", "uvicorn, JSON log", logs="JSON"),
    _uvicorn("uvicorn-tls", "uvicorn, no log"),
    Way(OURS_PLAIN, "asgi.deploy, without TLS", "bare", PLAIN_PORT, ours("bare"), tls=False),
    _uvicorn("uvicorn-plain", "uvicorn, no log, without TLS", tls=False),
    Way(OURS_FAST, "asgi.deploy, FastAPI", "fast", 443, ours("fast")),
    _guided("guide-fast", "the guide, FastAPI", "fast", "text"),
    _uvicorn("uvicorn-fast", "uvicorn, FastAPI, JSON log", logs="JSON"),
]
