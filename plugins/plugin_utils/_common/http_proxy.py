"""The HTTP proxy by which a host reaches others: its rules, and the variables by which programs know it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import environment_file
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import kind_of

PROXY, EXCEPTIONS = "asgi_http_proxy", "asgi_no_proxy"
VARIABLES = (PROXY, EXCEPTIONS)
_EXAMPLE = "as in asgi_http_proxy: http://proxy.example.com:3128"
# The host itself, and the metadata service of its cloud.
_ALWAYS = ("localhost", "127.0.0.1", "::1", "169.254.169.254")
# Characters that need no quotes in a shell or in a file that systemd reads; others are written as %20 and the like.
_PLAIN = re.compile(r"[A-Za-z0-9._~%+,:@/\[\]-]+")
_NAME = re.compile(r"\.?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True)
class HttpProxy:
    """The proxy of a host.

    Attributes:
        url: with user and password where it asks for them; None for a host without a proxy.
        exceptions: names and addresses that are reached without it.
    """

    url: str | None = field(default=None, repr=False)
    exceptions: Sequence[str] = ()

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables by which programs know it, in both spellings; none without a proxy."""
        if self.url is None:
            return {}
        values = {
            "http_proxy": self.url,
            "https_proxy": self.url,
            "no_proxy": ",".join(dict.fromkeys([*_ALWAYS, *self.exceptions])),
        }
        return {**values, **{name.upper(): value for name, value in values.items()}}

    @property
    def file(self) -> str:
        """Return the same as a file that systemd and shells read."""
        return environment_file(self.environment)

    @property
    def secrets(self) -> set[str]:
        """Return the texts that nothing may show: its password, or its user where it has none.

        Each as it is written, and as it is meant.
        """
        url = urlsplit(self.url) if self.url else None
        credential = (url.password or url.username) if url else None
        return {credential, unquote(credential)} if credential else set()


def http_proxy(variables: Mapping[str, Json]) -> HttpProxy:
    """Return the proxy of a host.

    Args:
        variables: the host's, with their templates evaluated.

    Raises:
        ValueError: they are wrong; says how.
    """
    if errors := proxy_errors(variables):
        raise ValueError("\n".join(errors))
    url, exceptions = variables.get(PROXY), variables.get(EXCEPTIONS)
    return HttpProxy(
        None if url is None else str(url).rstrip("/"), [*map(str, exceptions)] if isinstance(exceptions, list) else []
    )


def proxy_errors(variables: Mapping[str, Json]) -> list[str]:
    """Return what is wrong with the proxy of a host; no text shows its password."""
    url, exceptions = variables.get(PROXY), variables.get(EXCEPTIONS)
    errors = [] if url is None or not (error := _url_error(url)) else [f"{PROXY}: {error}"]
    if exceptions is not None and (text := _exceptions_error(exceptions)):
        errors.append(f"{EXCEPTIONS}: {text}")
    elif exceptions and url is None:
        errors.append(f"{EXCEPTIONS}: has no effect without {PROXY}; write that as well, or leave it out")
    return errors


def _url_error(value: Json) -> str | None:
    if not isinstance(value, str):
        return f"found {kind_of(value)}, expected the URL of a proxy, {_EXAMPLE}"
    if not _PLAIN.fullmatch(value):
        return (
            "holds a space, a quote or another character that a URL cannot have; write it as %20 and the like, "
            "in user and password too"
        )
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError:
        return f"is no URL; expected http:// with a name and a port, {_EXAMPLE}"
    if url.scheme != "http":
        found = f"found {url.scheme}://" if "://" in value else "has no http:// in front"
        return f"{found}, expected http://, which all programs speak to a proxy, for https:// too, {_EXAMPLE}"
    if not url.hostname or not port or url.path not in ("", "/"):
        return f"expected a name and a port, and no path, {_EXAMPLE}"
    return None


def _exceptions_error(value: Json) -> str | None:
    if not isinstance(value, list):
        return f"found {kind_of(value)}, expected a list of names and addresses, as in asgi_no_proxy: [.example.com]"
    for item in value:
        if not (isinstance(item, str) and (is_address(item) or (_NAME.fullmatch(item) and not _is_number(item)))):
            return (
                f"found {item!r}, expected a name, all names below one as in .example.com, or an address; networks and "
                "ports mean something else to each program"
            )
    return None


def _is_number(item: str) -> bool:
    return bool(re.fullmatch(r"[0-9.]+", item))
