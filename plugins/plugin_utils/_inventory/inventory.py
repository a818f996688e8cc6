"""What is wrong in the variables of a host, found before the host is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._app import shared_domains as sharing
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.entry import checked
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ports import NGINX_PORTS, is_present, own_ports
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sources import file_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.options import (
    asks_the_ca,
    wheel_error,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import local_files as controller
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import kind_of, sanitize
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import Inventory
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import rule_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.extra_vars import misspelt
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import HOST_ROLES


def inventory_errors(
    variables: Mapping[str, Any],
    contents: controller.Contents | None = None,
    base: str | None = None,
    wheelhouse: bool = True,
) -> list[str]:
    """All that is wrong in one host's variables, found without touching the host.

    Args:
        variables: the host's.
        contents: texts of files on the controller that its applications name.
        base: where relative paths begin.
        wheelhouse: whether folders of wheels must have been filled.
    """
    apps = _app_errors(variables, contents, base, wheelhouse)
    return list(map(sanitize, [*misspelt(variables), *apps, *_role_errors(variables, base)]))


def no_apps(found: Any) -> str:
    """Says so, of what was found in the place of `asgi_apps`."""
    what = "is missing" if found is None else f"found {kind_of(found)}"
    return f"asgi_apps: {what}; expected a list with an entry for each application"


def _app_errors(
    variables: Mapping[str, Any], contents: controller.Contents | None, base: str | None, wheelhouse: bool
) -> list[str]:
    apps = variables.get("asgi_apps")
    if not isinstance(apps, list) or not apps:
        return [no_apps(apps)]
    errors: list[str] = []
    resolved: list[dict[str, Any]] = []
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
        app, wrong = checked(spec, where, contents)
        errors.extend(
            wrong
            or file_errors(app, where, base, wheelhouse)
            or _wheels_of_certbot(app, where, base, variables, wheelhouse)
        )
        resolved.append(app)
    errors += _passed_by_nobody(resolved, variables)
    return errors + _collisions(resolved, variables) + sharing.errors(resolved, apps)


def _passed_by_nobody(apps: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with headers of trusted proxies where there are none."""
    if variables.get("nginx_trusted_proxies"):
        return []
    return [
        f"asgi_apps[{index}] ({app['name']}).site.pass_headers: found {', '.join(headers)}, which only trusted proxies "
        "may send, and there are none; write their addresses, as in nginx_trusted_proxies: [10.0.0.0/24]"
        for index, app in enumerate(apps)
        if (headers := (app.get("site") or {}).get("pass_headers"))
    ]


def _wheels_of_certbot(
    app: Mapping[str, Any], where: str, base: str | None, variables: Mapping[str, Any], wheelhouse: bool
) -> list[str]:
    if not wheelhouse or not app.get("wheelhouse") or app.get("state") == "absent":
        return []
    told = wheel_error(app, controller.resolve_path(app["wheelhouse"], base), variables)
    return [f"{where}{told}"] if told else []


def _role_errors(variables: Mapping[str, Any], base: str | None) -> list[str]:
    """Return what is wrong with variables of the roles that every application needs."""
    apps = variables.get("asgi_apps") or [{}]
    inventory = Inventory(variables, apps if isinstance(apps, list) else [{}], base)
    errors = []
    for role in HOST_ROLES:
        options = role_options(role.name)
        given = {name: option for name, option in options.items() if _is_given(variables.get(name))}
        resolved, wrong = resolve(given, {name: variables[name] for name in given})
        errors += [*wrong, *rule_errors(role.rules, resolved, ""), *role.conflicts(resolved, inventory)]
    return errors


def _is_given(value: Any) -> bool:
    """Nothing, and what is empty, stands for the default; zero and false do not."""
    return value is not None and value not in ("", [], {})


def _collisions(apps: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> list[str]:
    """Names and domains that two applications of one host claim."""
    errors: list[str] = []
    owners: dict[tuple[str, str], int] = {}
    for index, app in enumerate(apps):
        claims = [("name", app.get("name"))]
        if app.get("state") != "absent":
            claims += [("port", port) for port in own_ports(app)]
        for what, value in claims:
            first = owners.setdefault((what, str(value)), index)
            if value is not None and first != index:
                errors.append(f"asgi_apps[{index}]: {what} {value!r} is taken by asgi_apps[{first}] on the same host")
    addressed = sharing.unnamed(apps)
    errors += [
        f"asgi_apps[{index}]: has an address in domains, as asgi_apps[{addressed[0]}] has; TLS does not say which one "
        "a visitor asks for: give all addresses of a host to one application"
        for index in addressed[1:]
    ]
    for index, first, domain in sharing.same_claims(apps):
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


def _ports_of_the_ca(app: Mapping[str, Any], variables: Mapping[str, Any]) -> list[int]:
    """Where the CA asks for the certificate of an application without nginx; certbot listens there only meanwhile."""
    by_port = variables.get("certificate_challenge") != "dns" and asks_the_ca(app, variables)
    return [80] if own_ports(app) and by_port else []
