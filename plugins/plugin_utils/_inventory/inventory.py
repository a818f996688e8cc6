"""The errors in the variables of a host, found before the host is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import shared_domains
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.entry import check_entry
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ports import NGINX_PORTS, is_present, own_ports
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sources import file_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.options import (
    asks_the_ca,
    wheel_error,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import local_files
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.http_proxy import proxy_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import kind_of, sanitize
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import Inventory
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import rule_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.extra_vars import misspelt
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import HOST_ROLES


def inventory_errors(
    variables: Mapping[str, Json],
    contents: local_files.Contents | None = None,
    base: str | None = None,
    wheelhouse: bool = True,
) -> list[str]:
    """Return all errors in the variables of one host, without touching the host.

    Args:
        variables: the host's.
        contents: those of files on the controller that its applications name.
        base: the folder where relative paths begin.
        wheelhouse: whether folders of wheels must be filled already.
    """
    apps = _app_errors(variables, contents, base, wheelhouse)
    return list(map(sanitize, [*misspelt(variables), *proxy_errors(variables), *apps, *_role_errors(variables, base)]))


def no_apps(value: Json) -> str:
    """Return the error for a value of `asgi_apps` that holds no applications."""
    what = "is missing" if value is None else f"found {kind_of(value)}"
    return f"asgi_apps: {what}; expected a list with an entry for each application"


def _app_errors(
    variables: Mapping[str, Json], contents: local_files.Contents | None, base: str | None, wheelhouse: bool
) -> list[str]:
    """Return the errors in the entries of asgi_apps."""
    apps = variables.get("asgi_apps")
    if not isinstance(apps, list) or not apps:
        return [no_apps(apps)]
    errors: list[str] = []
    resolved: list[dict[str, Json]] = []
    for index, spec in enumerate(apps):
        where = f"asgi_apps[{index}]"
        if not isinstance(spec, Mapping):
            errors.append(
                f"{where}: found {kind_of(spec)}, expected a dictionary with name, module, domains "
                "and a source such as git"
            )
            resolved.append({})
            continue
        where += f" ({spec['name']})." if isinstance(spec.get("name"), str) else "."
        entry = check_entry(spec, where, contents)
        errors.extend(
            entry.errors
            or file_errors(entry.options, where, base, wheelhouse)
            or _wheels_of_certbot(entry.values, where, base, variables, wheelhouse)
        )
        resolved.append(entry.values)
    errors += _headers_without_proxies(resolved, variables)
    return errors + _collisions(resolved, variables) + shared_domains.errors(resolved, apps)


def _headers_without_proxies(apps: Sequence[Mapping[str, Json]], variables: Mapping[str, Json]) -> list[str]:
    """Return the errors of headers that only trusted proxies may send, if there are no proxies."""
    if variables.get("nginx_trusted_proxies"):
        return []
    return [
        f"asgi_apps[{index}] ({app['name']}).site.pass_headers: found {', '.join(headers)}, which only trusted proxies "
        "may send, and there are none; write their addresses, as in nginx_trusted_proxies: [10.0.0.0/24]"
        for index, app in enumerate(apps)
        if (headers := _passed_headers(app))
    ]


def _passed_headers(app: Mapping[str, Json]) -> list[str]:
    """Return the headers of trusted proxies that an application takes."""
    site = app.get("site")
    return cast("list[str]", site.get("pass_headers") or []) if isinstance(site, dict) else []


def _wheels_of_certbot(
    app: Mapping[str, Json], where: str, base: str | None, variables: Mapping[str, Json], wheelhouse: bool
) -> list[str]:
    """Return the error of a wheelhouse that lacks wheels of certbot."""
    folder = app.get("wheelhouse")
    if not wheelhouse or not isinstance(folder, str) or not folder or app.get("state") == "absent":
        return []
    error = wheel_error(app, local_files.resolve_path(folder, base), variables)
    return [f"{where}{error}"] if error else []


def _role_errors(variables: Mapping[str, Json], base: str | None) -> list[str]:
    """Return the errors in variables of roles."""
    apps = variables.get("asgi_apps")
    inventory = Inventory(variables, apps if isinstance(apps, list) and apps else [{}], base)
    errors = []
    for role in HOST_ROLES:
        options = role_options(role.name)
        written = {name: option for name, option in options.items() if _is_written(variables.get(name))}
        resolved, type_errors = resolve(written, {name: variables[name] for name in written})
        errors += [*type_errors, *rule_errors(role.rules, resolved, ""), *role.conflicts(resolved, inventory)]
    return errors


def _is_written(value: Json) -> bool:
    """Return whether a value is not empty: an empty one stands for the default; zero and false do not."""
    return value is not None and value not in ("", [], {})


def _collisions(apps: Sequence[Mapping[str, Json]], variables: Mapping[str, Json]) -> list[str]:
    """Return the errors of names, ports and domains that two applications of one host claim."""
    errors: list[str] = []
    owners: dict[tuple[str, str], int] = {}
    for index, app in enumerate(apps):
        claims: list[tuple[str, Json]] = [("name", app.get("name"))]
        if app.get("state") != "absent":
            claims += [("port", port) for port in own_ports(app)]
        for what, value in claims:
            first = owners.setdefault((what, str(value)), index)
            if value is not None and first != index:
                errors.append(f"asgi_apps[{index}]: {what} {value!r} is taken by asgi_apps[{first}] on the same host")
    addressed = shared_domains.unnamed(apps)
    errors += [
        f"asgi_apps[{index}]: has an address in domains, as asgi_apps[{addressed[0]}] has; TLS does not say which one "
        "a visitor asks for: give all addresses of a host to one application"
        for index in addressed[1:]
    ]
    for index, first, domain in shared_domains.same_claims(apps):
        text = f"asgi_apps[{index}]: domain {domain!r} is taken by asgi_apps[{first}] on the same host"
        if {apps[index].get("proxy"), apps[first].get("proxy")} == {"nginx"}:
            text += "; to share it, each expects a path of its own, as in site: {path: /blog}"
        errors.append(text)
    behind = next((index for index, app in enumerate(apps) if is_present(app) and app.get("proxy") == "nginx"), None)
    if behind is not None:
        errors += [
            f"asgi_apps[{index}]: port {port} is nginx's, because of asgi_apps[{behind}] on the same host; "
            "write another tls.port, and tls.certificate and tls.key instead of asking the CA on port 80"
            for index, app in enumerate(apps)
            for port in sorted({*own_ports(app), *_ports_of_the_ca(app, variables)}.intersection(NGINX_PORTS))
        ]
    return errors


def _ports_of_the_ca(app: Mapping[str, Json], variables: Mapping[str, Json]) -> list[int]:
    """Return the ports on which certbot listens while it obtains the certificate of an application without nginx."""
    by_port = variables.get("certificate_challenge") != "dns" and asks_the_ca(app, variables)
    return [80] if own_ports(app) and by_port else []
