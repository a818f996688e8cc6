"""The host's web server: rules for its options, and what they come to on a host."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import is_address
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.shared_domains import domains_of, owns, redirect_names
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import platform_of

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
POST_QUANTUM = "?X25519MLKEM768"  # passed over by an OpenSSL that does not know it

COMPRESSED = ("text/css", "application/javascript", "image/svg+xml", "application/json", "text/plain")
BROTLI = "libnginx-mod-http-brotli-filter"

_NETWORK = re.compile(r"[0-9A-Fa-f.:]+(/[0-9]{1,3})?")
_PLACE = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._~-]*)+")


def networks(value: list[str]) -> str | None:
    """What is wrong with a list of addresses and networks."""
    return "; ".join(text for item in value if (text := _network(item))) or None


def _network(item: str) -> str | None:
    try:
        # Python takes zones as well, which are of one host alone.
        meant = ipaddress.ip_network(item, strict=False) if "%" not in item else None
    except ValueError:
        meant = None
    if meant is None:
        return f"found {item!r}, expected an address or a network, as in 10.0.0.0/8 or 2001:db8::/32"
    if not _NETWORK.fullmatch(item):
        return f"found {item!r}, expected how many bits of it are the network's; write {meant}"
    if meant.network_address != ipaddress.ip_interface(item).ip:
        return f"found {item!r}, whose address has more bits than the network; write {meant}"
    return None


def place(value: str) -> str | None:
    """What is wrong with a path of a URL that nginx compares as it is."""
    return (
        None if _PLACE.fullmatch(value) else f"found {value!r}, expected a path without a slash at its end, as in /up"
    )


def snippet(value: str) -> str | None:
    """What can be told of nginx's language without nginx: that it ends no block that it has not begun."""
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", value):
        return "holds a control character"
    depth, rest = 0, re.sub(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|(?:^|(?<=\s))#[^\n]*", "", value)
    for sign in re.findall(r"(?<!\\)[{}]", rest):
        depth += 1 if sign == "{" else -1
        if depth < 0:
            return "ends a block that it has not begun; take out the } that is too many"
    if depth:
        return "begins a block that it does not end; a } is missing"
    if rest.strip() and rest.rstrip()[-1] not in ";}":
        return "does not end with ; or }"
    return None


def conflicts(options: Mapping[str, Any]) -> list[str]:
    """What does not go together in options that are right on their own."""
    errors = []
    if options.get("nginx_proxy_protocol") and not options.get("nginx_trusted_proxies"):
        errors.append(
            "nginx_trusted_proxies: is missing; with nginx_proxy_protocol expected the balancers' addresses, "
            "as in nginx_trusted_proxies: [10.0.0.0/24]"
        )
    if options.get("nginx_proxy_protocol") and options.get("nginx_http3"):
        errors.append("nginx_http3: has no PROXY protocol; leave out nginx_http3 or nginx_proxy_protocol")
    return errors


def addresses(app: Any) -> list[str]:
    """The addresses among the domains of an application, as the user wrote it or with its options resolved."""
    if not isinstance(app, Mapping) or app.get("state") == "absent":
        return []
    return [name for name in (*domains_of(app), *redirect_names(app)) if is_address(name)]


def unnamed(apps: Sequence[Any]) -> list[int]:
    """The applications behind nginx whose server has an address."""
    return [
        index for index, app in enumerate(apps) if addresses(app) and app.get("proxy") != "none" and owns(app, apps)
    ]


def nginx_plan(
    options: Mapping[str, Any], facts: Mapping[str, Any], apps: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The whole desired state of the host's web server.

    Args:
        options: those of the role nginx, named without its prefix.
        facts: the host's.
        apps: the host's applications, as the user wrote them; one of them may be asked for by an address.

    Raises:
        ValueError: the options contradict each other, or the host cannot do what they ask for; says what and why.
    """
    if errors := conflicts({f"nginx_{name}": value for name, value in options.items()}):
        raise ValueError("\n".join(errors))
    platform = platform_of(facts)
    if options["http3"] and not platform["nginx_http3"]:
        system = f"{facts['distribution']} {facts['distribution_major_version']}"
        raise ValueError(f"nginx_http3: {system} has an nginx without HTTP/3; leave it out there, or take Debian 13")
    hosts = ["", *(["[::]:"] if facts.get("all_ipv6_addresses") else [])]
    proxied = " proxy_protocol" if options["proxy_protocol"] else ""
    http2 = "" if platform["nginx_http2_directive"] else " http2"
    real_ip = "proxy_protocol" if options["proxy_protocol"] else "X-Forwarded-For"
    return {
        **options,
        "packages": ["nginx", "logrotate", *([BROTLI] if options["brotli"] else [])],
        "listen_http": [f"{host}80{proxied}" for host in hosts],
        "listen_https": [f"{host}443 ssl{http2}{proxied}" for host in hosts],
        "listen_quic": [f"{host}443 quic" for host in hosts] if options["http3"] else [],
        # Who names nobody in TLS is refused, unless there is a site that has no name but an address.
        "unnamed": bool(unnamed(apps)),
        "http2_directive": platform["nginx_http2_directive"],
        "keepalive_min_timeout": platform["nginx_keepalive_min_timeout"],
        "compressed": " ".join(COMPRESSED),
        "protocols": PROTOCOLS[options["tls"]],
        "ciphers": ":".join(CIPHERS) if options["tls"] == "intermediate" else None,
        "groups": ":".join([*([POST_QUANTUM] if platform["post_quantum_group"] else []), *GROUPS]),
        "worker_processes": facts.get("processor_nproc") or "auto",
        "real_ip_header": real_ip if options["trusted_proxies"] else None,
    }
