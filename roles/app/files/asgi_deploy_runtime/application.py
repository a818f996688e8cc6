"""The application as the server sees it: what the user named, with the edge around it."""

from __future__ import annotations

import inspect
from typing import Any

from .settings import SETTINGS, attribute

_TAKES = {"asgi": ("scope", "receive", "send"), "wsgi": ("environ", "start_response")}


def check(application: Any, interface: str, name: str) -> None:
    """Raises TypeError when the application cannot be called in the server's way."""
    try:
        inspect.signature(application).bind(*_TAKES[interface])
    except TypeError as error:
        other = "gunicorn-wsgi, which serves WSGI" if interface == "asgi" else "gunicorn, which serves ASGI"
        raise TypeError(
            f"{name} is no {interface.upper()} application: it takes no ({', '.join(_TAKES[interface])}). "
            f"The option `server` has a choice for the other kind, {other}; a function that makes the application "
            "needs `factory: true`."
        ) from error
    except ValueError:  # written in C, without a signature
        return


def build() -> Any:
    """Imports the application and puts the edge around it."""
    application = attribute(SETTINGS["module"])
    if SETTINGS["factory"]:
        application = application()
    interface = SETTINGS["interface"]
    check(application, interface, SETTINGS["module"])
    if interface == "wsgi":
        from .wsgi import Edge as WsgiEdge

        return WsgiEdge(application)
    from .asgi import Edge

    edge: Any = Edge(application)
    if SETTINGS["server"] == "gunicorn-asgi":  # which, unlike uvicorn, does not read them itself
        from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

        from .under_way import UnderWay

        edge = UnderWay(edge)
        edge = ProxyHeadersMiddleware(edge, trusted_hosts="*")
    return edge


app = build()
