"""From what the user wrote to what shall be: pure decisions, made on the controller before any host is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import SERVING, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import (
    LAUNCHER,
    command_line,
    environment_file,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import additions as trees
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import environment as env_files
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import sandbox, sites, sizing
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import shared_domains as sharing
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.background import resolve_work, work_units
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.no_effect import without_effect
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.servers import (
    direct_plan,
    lock_errors,
    refused,
    requirements,
    server_lock,
    server_plan,
    setting_errors,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sources import file_errors, source_errors, source_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.plan import (
    asks_the_ca,
    contradictions,
    program_error,
    wheel_error,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import local_files as controller
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import ROLES, resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import told
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import platform_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening import plan as hardening
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.extra_vars import misspelt
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.rules import PATH, SAMPLES, rule_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx import plan as webserver

# Bounds for nginx's connections to an application. In seconds: keepalive_time after a switch no request goes over a
# connection to the release before any more, and keepalive_timeout later the last idle one is closed. And the idle ones
# that each process of nginx keeps: with fewer than its visitors come at once it connects anew all the time.
UPSTREAM_KEEPALIVE = {"connections": 256, "time": 3, "timeout": 2}

NGINX_PORTS = (80, 443)


def _app_options() -> dict[str, Any]:
    options: dict[str, Any] = role_options("app")["app_spec"]["options"]
    return options


def app_plan(
    spec: Mapping[str, Any],
    facts: Mapping[str, Any],
    contents: controller.Contents | None = None,
    apps: Sequence[Any] = (),
) -> dict[str, Any]:
    """The whole desired state of one application on one host.

    Args:
        spec: what the user wrote of it.
        facts: the host's.
        contents: those of files on the controller that `spec` names.
        apps: what the user wrote of all applications of the host, of which some may share its domains.

    Raises:
        ValueError: something in `spec` is wrong or the host is not supported; its text names each mistake.
    """
    app, errors = _checked(spec, f"app {spec.get('name', '?')}: ", contents)
    if errors:
        raise ValueError("\n".join(errors))
    layout = Layout(app["name"])
    variables, _errors = env_files.variables_of(app, contents)
    workers = sizing.workers_of(app, variables, facts)
    direct = direct_plan(app, layout)
    tree = trees.planned(app, layout)
    serving = server_plan(app, workers.count, UPSTREAM_KEEPALIVE, direct)
    return {
        **app,
        **source_plan(app, spec),
        "user": layout.user,
        "serving": serving,
        "direct": direct,
        "public_units": list(layout.public_units),
        "serving_folder": str(SERVING),
        "runtime_directory": str(SERVING.relative_to("/run")),
        "tls_folder": str(layout.tls),
        "server_requirements": serving["requirements"],
        "server_lock": server_lock(*_lock(app, serving["requirements"])) if app["require_hashes"] else None,
        "environment": environment_file(env_files.in_file(variables)),
        "python_path": env_files.python_path(variables, layout.release("%i")),
        # Commands find their secrets where the application finds them.
        "launcher": f"{layout.release('%i')}/{LAUNCHER} " if app["secrets"] else "",
        "release_command": command_line(app["release_command"]) if app["release_command"] else None,
        "wanted_units": ["network-online.target", *app["needs"]],
        "units": work_units(app),
        "data": str(layout.data),
        "access_log": str(layout.access_log),
        "home": str(layout.home),
        "upstream": str(layout.upstream),
        "upstream_keepalive": UPSTREAM_KEEPALIVE,
        # nginx closes its own idle connections within that time; they must not be cut.
        "drain_limit": max(app["drain_timeout"], UPSTREAM_KEEPALIVE["time"] + UPSTREAM_KEEPALIVE["timeout"] + 1),
        "boot_unit": layout.boot_unit,
        **tree,
        "sandbox_changes": sandbox.changes(app["sandbox"]),
        "sandbox_lines": sandbox.directives(app, layout, tree["links"], bool(direct)),
        "build_lines": sandbox.building(layout),
        "site": sites.site_plan(app, layout, sharing.place_of(spec, apps)),
        "workers": workers.count,
        "workers_reason": workers.reason,
        "host_memory": facts.get("memtotal_mb"),
        "platform": platform_of(facts),
    }


def _lock(app: Mapping[str, Any], wanted: Sequence[str]) -> tuple[str, Sequence[str], Sequence[str]]:
    """The collection's own lock, what serves this application, and what serves any."""
    text = (ROLES / "app" / "files" / "server.txt").read_text(encoding="utf-8")
    return text, wanted, _app_options()["server_requirements"]["default"]


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
    return list(map(told, [*misspelt(variables), *apps, *_role_errors(variables, base)]))


def no_apps(found: Any) -> str:
    """Says so, of what was found in the place of `asgi_apps`."""
    what = "is missing" if found is None else f"found {_kind(found)}"
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
                f"{where}: found {_kind(spec)}, expected a dictionary with name, module, domains "
                "and a source such as git"
            )
            resolved.append({})
            continue
        where += f" ({spec['name']})." if isinstance(spec.get("name"), str) else "."
        app, wrong = _checked(spec, where, contents)
        errors.extend(
            wrong
            or file_errors(app, where, base, wheelhouse)
            or _wheels_of_certbot(app, where, base, variables, wheelhouse)
        )
        resolved.append(app)
    return errors + _collisions(resolved, variables) + sharing.errors(resolved, apps)


def _wheels_of_certbot(
    app: Mapping[str, Any], where: str, base: str | None, variables: Mapping[str, Any], wheelhouse: bool
) -> list[str]:
    if not wheelhouse or not app.get("wheelhouse") or app.get("state") == "absent":
        return []
    told = wheel_error(app, controller.on_controller(app["wheelhouse"], base), variables)
    return [f"{where}{told}"] if told else []


def _kind(value: Any) -> str:
    """What a value is, without what it holds: that may be secret."""
    kinds = {"list": "an empty list" if not value else "a list", "dict": "a dictionary", "str": "text"}
    return kinds.get(type(value).__name__, type(value).__name__)


def _role_errors(variables: Mapping[str, Any], base: str | None) -> list[str]:
    """What is wrong with variables of the roles that every application needs."""
    errors = []
    apps = variables.get("asgi_apps") or [{}]
    if not isinstance(apps, list):
        apps = [{}]
    if not variables.get("certificate_email") and any(
        asks_the_ca(app, variables) and sharing.owns(app, apps) for app in apps
    ):
        errors.append(
            "certificate_email: is missing; expected the address the CA writes to, "
            "as in certificate_email: ops@example.com"
        )
    known = [app for app in apps if isinstance(app, Mapping)]
    conflicts: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
        "nginx": webserver.conflicts,
        "hardening": lambda found: hardening.conflicts(found, served_ports(known)),
    }
    for role in ("nginx", "certificate", "hardening"):
        given = {key: option for key, option in role_options(role).items() if _is_given(variables.get(key))}
        resolved, wrong = resolve(given, {key: variables[key] for key in given})
        errors += wrong + rule_errors(role, resolved)
        # What goes together in the firewall can be told of options that are right on their own.
        if role in conflicts and not (wrong and role == "hardening"):
            errors += conflicts[role](resolved)
    ca = variables.get("certificate_ca_file")
    if ca and isinstance(ca, str) and not (file := controller.on_controller(ca, base)).is_file():
        errors.append(f"certificate_ca_file: found {ca!r}, which is no file on the controller ({file})")
    hooks = variables.get("certificate_dns_hooks")
    for key in ("auth", "cleanup"):
        hook = hooks.get(key) if isinstance(hooks, Mapping) else None
        if isinstance(hook, str) and (wrong_hook := program_error(hook, controller.on_controller(hook, base))):
            errors.append(f"certificate_dns_hooks.{key}: {wrong_hook}")
    return errors + contradictions(variables, apps)


def _is_given(value: Any) -> bool:
    """Nothing, and what is empty, stands for the default; zero and false do not."""
    return value is not None and value not in ("", [], {})


def _checked(
    spec: Mapping[str, Any], where: str, contents: controller.Contents | None
) -> tuple[dict[str, Any], list[str]]:
    settings = spec.get("settings") or {}
    wrong = refused(settings)
    names = [f"{where}settings.{name}: is no setting of a release: {reason}" for name, reason in wrong.items()]
    if wrong:
        spec = {**spec, "settings": {name: value for name, value in settings.items() if name not in wrong}}
    app, errors = resolve(_app_options(), spec, where, SAMPLES)
    errors += rule_errors("app", app, where) + source_errors(app, spec, where)
    work, wrong_work = resolve_work(app, where)
    paths, wrong_paths = sites.resolve_paths(app, PATH, where)
    errors += wrong_paths
    variables, more = env_files.variables_of(app, contents)
    more += controller.missing(app, contents)
    if not errors:  # what goes together can be told of options that are right on their own
        if app["gate"]["path"] == sharing.WHOLE:
            app["gate"]["path"] = f"{sharing.prefix_of(app)}/"
        more += [*trees.tree_errors(app), *sizing.sizing_errors(app, variables)]
        more += (
            lock_errors(*_lock(app, requirements(app["server_requirements"], app))[:2]) if app["require_hashes"] else []
        )
        more += without_effect({**app, **work}, spec, variables)
        errors += setting_errors(app, spec, where)
        more += sites.site_errors(app, paths, bool(spec.get("site")))
        app["site"]["paths"] = paths
    errors = [*names, *errors, *wrong_work, *(f"{where}{text}" for text in more)]
    return {**app, **work}, list(map(told, errors))


def _collisions(apps: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> list[str]:
    """Names and domains that two applications of one host claim."""
    errors: list[str] = []
    owners: dict[tuple[str, str], int] = {}
    for index, app in enumerate(apps):
        claims = [("name", app.get("name"))]
        if app.get("state") != "absent":
            claims += [("port", port) for port in _own_ports(app)]
        for kind, value in claims:
            first = owners.setdefault((kind, str(value)), index)
            if value is not None and first != index:
                errors.append(f"asgi_apps[{index}]: {kind} {value!r} is taken by asgi_apps[{first}] on the same host")
    addressed = webserver.unnamed(apps)
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
    behind = next((index for index, app in enumerate(apps) if _serves(app) and app.get("proxy") == "nginx"), None)
    if behind is not None:
        errors += [
            f"asgi_apps[{index}]: port {port} is nginx's, because of asgi_apps[{behind}] on the same host; "
            "write another tls.port, and tls.certificate and tls.key instead of asking the CA on port 80"
            for index, app in enumerate(apps)
            for port in sorted({*_own_ports(app), *_ports_of_the_ca(app, variables)}.intersection(NGINX_PORTS))
        ]
    return errors


def _serves(app: Mapping[str, Any]) -> bool:
    return app.get("state") == "present"


def _own_ports(app: Mapping[str, Any]) -> list[int]:
    """The port of an application without nginx."""
    return [app["tls"]["port"]] if _serves(app) and app.get("proxy") == "none" and app.get("tls") else []


def public_ports(apps: Sequence[Mapping[str, Any]]) -> list[int]:
    """The ports of applications without nginx, from what the user wrote of them."""
    resolved = (resolve(_app_options(), spec)[0] for spec in apps)
    return sorted({port for app in resolved for port in _own_ports(app)})


def behind_nginx(apps: Iterable[Mapping[str, Any]]) -> bool:
    """Whether nginx serves any of a host's applications, from what the user wrote of them."""
    return any(app.get("proxy") != "none" and app.get("state") != "absent" for app in apps)


def served_ports(apps: Sequence[Mapping[str, Any]]) -> set[int]:
    """Where a host serves visitors, or the CA that asks; the firewall opens these by itself."""
    return {hardening.CHALLENGE, *(NGINX_PORTS if behind_nginx(apps) else ()), *public_ports(apps)}


def _ports_of_the_ca(app: Mapping[str, Any], variables: Mapping[str, Any]) -> list[int]:
    """Where the CA asks for the certificate of an application without nginx; certbot listens there only meanwhile."""
    by_port = variables.get("certificate_challenge") != "dns" and asks_the_ca(app, variables)
    return [80] if _own_ports(app) and by_port else []
