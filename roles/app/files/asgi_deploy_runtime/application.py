"""The application as the server calls it: the user's application, wrapped by the middleware."""

from __future__ import annotations

import inspect
from typing import Any

from .settings import SETTINGS, attribute

_TAKES = {"asgi": ("scope", "receive", "send"), "wsgi": ("environ", "start_response")}


def check(application: Any, interface: str, name: str) -> None:
    """Check that the server can call the application.

    Args:
        application: the object that the user named.
        interface: asgi or wsgi.
        name: of the object.

    Raises:
        TypeError: the application has other parameters.
    """
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
    """Return the application, imported and wrapped by the middleware."""
    application = attribute(SETTINGS["module"])
    if SETTINGS["factory"]:
        application = application()
    interface = SETTINGS["interface"]
    check(application, interface, SETTINGS["module"])
    if interface == "wsgi":
        from .wsgi import Middleware as WsgiMiddleware

        return WsgiMiddleware(application)
    from .asgi import Middleware

    wrapped: Any = Middleware(application)
    if SETTINGS["server"] == "gunicorn-asgi":  # unlike uvicorn, it does not read the headers of proxies itself
        from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

        from .under_way import UnderWay

        recorded: Any = UnderWay(wrapped)
        wrapped = ProxyHeadersMiddleware(recorded, trusted_hosts="*")
    return wrapped


app = build()
