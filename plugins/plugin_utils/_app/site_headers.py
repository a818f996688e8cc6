"""Headers of an application's site: those of answers, and those of requests that do not reach the application."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import HstsOptions, SiteOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AnswerHeader, RequestHeader

# Headers of an answer that does not have them from the application.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "SAMEORIGIN",
}
HSTS = "Strict-Transport-Security"
# Headers that frameworks, servers and middleware trust or obey. Those that nginx sets itself are not among them.
UNTRUSTED = (
    "CF-Connecting-IP",
    "Client-IP",
    "Fastly-Client-IP",
    "Front-End-Https",
    "Proxy",
    "Remote-User",
    "True-Client-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Forwarded-By",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Method",
    "X-Forwarded-Path",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Protocol",
    "X-Forwarded-Scheme",
    "X-Forwarded-Server",
    "X-Forwarded-Ssl",
    "X-Forwarded-Uri",
    "X-Forwarded-User",
    "X-Host",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
    "X-Original-Host",
    "X-Original-URL",
    "X-Remote-User",
    "X-Rewrite-URL",
    "X-Script-Name",
    "X-Url-Scheme",
)
_OURS = {
    HSTS.lower(): "write site.hsts",
    "alt-svc": "write nginx_http3",
    "x-request-id": "every answer has it",
    "retry-after": "answers of nginx's own have it",
    "cache-control": "it is the application's, and for static files depends on their names",
    **dict.fromkeys(
        ("connection", "content-length", "content-type", "date", "server", "set-cookie", "transfer-encoding"),
        "it is the answer's own",
    ),
}
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
VALUE_MAX = 4000  # nginx refuses a parameter that is longer than its buffer of 4096 bytes
_HEADER_VALUE = re.compile(rf"[\x20-\x7e]{{0,{VALUE_MAX}}}")


def headers(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with headers of answers."""
    errors = []
    for name, text in value.items():
        if not _HEADER.fullmatch(name):
            errors.append(f"{name!r} is no name of a header")
        elif name.lower() in _OURS:
            errors.append(f"{name} is not set so: {_OURS[name.lower()]}")
        elif not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text) or re.search(r"[$\\]", text):
            errors.append(
                f"{name} expects one line of text without $ and \\, of at most {VALUE_MAX} characters, "
                f"as in {name}: no-store"
            )
    seen: dict[str, str] = {}
    errors += [
        f"{name} and {seen[name.lower()]} are one" for name in value if seen.setdefault(name.lower(), name) != name
    ]
    return "; ".join(errors) or None


def passed_headers(value: Iterable[str]) -> str | None:
    """Return what is wrong with names of headers that trusted proxies may send."""
    known = {name.lower() for name in UNTRUSTED}
    if unknown := [name for name in value if name.lower() not in known]:
        return (
            f"found {', '.join(map(repr, unknown))}, expected of those that are not passed on, as in "
            f"[CF-Connecting-IP]: {', '.join(UNTRUSTED)}"
        )
    return None


def untrusted(passed: Iterable[str], name: str) -> Iterable[RequestHeader]:
    """Yield the headers that are not passed on; of those that are, the variable with what a trusted proxy sent."""
    known = {header.lower() for header in passed}
    for number, header in enumerate(UNTRUSTED):
        sent = f"$http_{header.lower().replace('-', '_')}" if header.lower() in known else None
        yield {"name": header, "value": f"$asgi_passed{number}_{name}" if sent else '""', "passed": sent}


def of_answers(site: SiteOptions, name: str) -> Iterable[AnswerHeader]:
    """Yield the headers of the answer, each with its value, and the variables of nginx for it."""
    replaced = {key.lower() for key in site["headers"]}
    values = {key: value for key, value in HEADERS.items() if key.lower() not in replaced}
    values |= site["headers"]
    if site["hsts"]["enabled"]:
        values[HSTS] = hsts(site["hsts"])
    for number, (key, value) in enumerate(sorted(values.items())):
        if value:
            escaped = value.replace('"', '\\"')
            answered = f"$upstream_http_{key.lower().replace('-', '_')}"
            yield {
                "name": key,
                "variable": f"$asgi_header{number}_{name}",
                "said": answered,
                "value": escaped,
            }


def hsts(options: HstsOptions) -> str:
    """Return the value of the header Strict-Transport-Security."""
    text = f"max-age={options['max_age']}"
    text += "; includeSubDomains" if options["include_subdomains"] else ""
    return text + ("; preload" if options["preload"] else "")
