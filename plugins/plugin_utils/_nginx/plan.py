"""The plan of a host's web server. The rules for its options are in options.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import PATHS
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.shared_domains import (
    unnamed,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import PLATFORMS, platform_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx.options import contradictions
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx.plan_types import NginxOptions, NginxPlan

# Mozilla's guidelines 6.0; those of TLS 1.3 are always on. Without OpenSSL 3.5 there is no post-quantum group.
PROTOCOLS = {"intermediate": "TLSv1.2 TLSv1.3", "modern": "TLSv1.3"}
CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
GROUPS = ("X25519", "prime256v1", "secp384r1")
POST_QUANTUM = "?X25519MLKEM768"  # an OpenSSL that does not know it ignores it

REFUSED = (400, 405, 408, 413, 414, 421, 429, 431, 444, 494)  # without asking an application, most of them
ERROR_PAGES = (403, 413, 429, 502, 503, 504)  # of nginx's own
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")  # that are usual

LOGS_SIZE = 2**31  # bytes that rotated logs of all sites may have

COMPRESSED = ("text/css", "application/javascript", "image/svg+xml", "application/json", "text/plain")


def nginx_plan(options: NginxOptions, facts: Facts, apps: Sequence[Mapping[str, Json] | Json] = ()) -> NginxPlan:
    """Return the plan of the host's web server.

    Args:
        options: those of the role nginx, named without its prefix.
        facts: the host's.
        apps: the host's applications, as the user wrote them; visitors may ask for one of them by an address.

    Raises:
        ValueError: the options contradict each other, or the host does not support them; says which and why.
    """
    if errors := contradictions(options["proxy_protocol"], options["trusted_proxies"], options["http3"]):
        raise ValueError("\n".join(errors))
    platform = platform_of(facts)
    if options["http3"] and not platform.nginx_http3:
        able = " or ".join(str(other) for other in PLATFORMS if other.nginx_http3)
        raise ValueError(f"nginx_http3: {platform} has an nginx without HTTP/3; leave it out there, or take {able}")
    hosts = ["", *(["[::]:"] if facts.get("all_ipv6_addresses") else [])]
    proxied = " proxy_protocol" if options["proxy_protocol"] else ""
    http2 = "" if platform.nginx_http2_directive else " http2"
    real_ip = "proxy_protocol" if options["proxy_protocol"] else "X-Forwarded-For"
    return {
        **options,
        "paths": PATHS,
        # Ports that an application gives up later in the run, or keeps while it is stopped.
        "held": [],
        "packages": [*platform.packages.web, *([platform.packages.brotli] if options["brotli"] else [])],
        "listen_http": [f"{host}80{proxied}" for host in hosts],
        "listen_https": [f"{host}443 ssl{http2}{proxied}" for host in hosts],
        "listen_quic": [f"{host}443 quic" for host in hosts] if options["http3"] else [],
        # Visitors who name no site in TLS are refused, unless a site has no name but an address.
        "unnamed": bool(unnamed(apps)),
        "http2_directive": platform.nginx_http2_directive,
        "ticket_keys_rotate": platform.nginx_ticket_keys_rotate,
        "keepalive_min_timeout": platform.nginx_keepalive_min_timeout,
        "compressed": " ".join(COMPRESSED),
        "protocols": PROTOCOLS[options["tls"]],
        "ciphers": ":".join(CIPHERS) if options["tls"] == "intermediate" else None,
        "groups": ":".join([*([POST_QUANTUM] if platform.post_quantum_group else []), *GROUPS]),
        "refused": list(REFUSED),
        "error_pages": list(ERROR_PAGES),
        "methods": list(METHODS),
        "logs_size": LOGS_SIZE,
        "worker_processes": facts.get("processor_nproc") or "auto",
        "real_ip_header": real_ip if options["trusted_proxies"] else None,
    }
