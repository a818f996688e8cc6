"""From what the user wrote to what shall be: pure decisions, made on the controller before any host is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils.environment import command_line, environment_file
from ansible_collections.asgi.deploy.plugins.module_utils.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils.platforms import platform_of
from ansible_collections.asgi.deploy.plugins.module_utils.workers import WorkerCount, worker_count
from ansible_collections.asgi.deploy.plugins.plugin_utils.checks import EXAMPLES, rule_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import nearest, resolve, role_options

# Bounds, in seconds, for nginx's connections to an application: keepalive_time after a switch no request goes over a
# connection to the release before any more, and keepalive_timeout later the last idle one is closed.
UPSTREAM_KEEPALIVE = {"connections": 32, "time": 3, "timeout": 2}

OUR_PREFIXES = ("asgi_", "certificate_", "nginx_")
PLAYBOOK_VARIABLES = {"asgi_app", "asgi_apps", "asgi_hosts", "asgi_release"}


def _app_options() -> dict[str, Any]:
    options: dict[str, Any] = role_options("app")["app_spec"]["options"]
    return options


def app_plan(spec: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The whole desired state of one application on one host.

    Raises:
        ValueError: something in `spec` is wrong or the host is not supported; its text names each mistake.
    """
    app, errors = _checked(spec, f"app {spec.get('name', '?')}: ")
    if errors:
        raise ValueError("\n".join(errors))
    layout = Layout(app["name"])
    workers = _workers(app, facts)
    return {
        **app,
        "user": layout.user,
        "environment": environment_file(app["env"]),
        "release_command": command_line(app["release_command"]) if app["release_command"] else None,
        "data": str(layout.data),
        "access_log": str(layout.access_log),
        "home": str(layout.home),
        "upstream": str(layout.upstream),
        "upstream_keepalive": UPSTREAM_KEEPALIVE,
        # nginx closes its own idle connections within that time; they must not be cut.
        "drain_limit": max(app["drain_timeout"], UPSTREAM_KEEPALIVE["time"] + UPSTREAM_KEEPALIVE["timeout"] + 1),
        "boot_unit": layout.boot_unit,
        "workers": workers.count,
        "workers_reason": workers.reason,
        "platform": platform_of(facts),
    }


def inventory_errors(variables: Mapping[str, Any]) -> list[str]:
    """All that is wrong in one host's variables, found without touching the host."""
    return [*_misspelt(variables), *_app_errors(variables.get("asgi_apps")), *_role_errors(variables)]


def _app_errors(apps: Any) -> list[str]:
    if not isinstance(apps, list) or not apps:
        found = "is missing" if apps is None else f"found {_kind(apps)}"
        return [f"asgi_apps: {found}; expected a list with an entry for each application"]
    errors: list[str] = []
    resolved: list[Mapping[str, Any]] = []
    for index, spec in enumerate(apps):
        where = f"asgi_apps[{index}]"
        if not isinstance(spec, Mapping):
            errors.append(f"{where}: found {_kind(spec)}, expected a dictionary with name, git, module and domains")
            resolved.append({})
            continue
        where += f" ({spec['name']})." if isinstance(spec.get("name"), str) else "."
        app, wrong = _checked(spec, where)
        errors.extend(wrong)
        resolved.append(app)
    return errors + _collisions(resolved)


def _kind(value: Any) -> str:
    """What a value is, without what it holds: that may be secret."""
    kinds = {"list": "an empty list" if not value else "a list", "dict": "a dictionary", "str": "text"}
    return kinds.get(type(value).__name__, type(value).__name__)


def _role_errors(variables: Mapping[str, Any]) -> list[str]:
    """What is wrong with variables of the roles that every application needs."""
    errors = []
    if not variables.get("certificate_email"):
        errors.append(
            "certificate_email: is missing; expected the address the CA writes to, "
            "as in certificate_email: ops@example.com"
        )
    for role in ("nginx", "certificate"):
        given = {key: option for key, option in role_options(role).items() if variables.get(key)}
        resolved, wrong = resolve(given, {key: variables[key] for key in given})
        errors += wrong + rule_errors(role, resolved)
    return errors


def _checked(spec: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
    app, errors = resolve(_app_options(), spec, where, EXAMPLES)
    return app, errors + rule_errors("app", app, where)


def _workers(app: Mapping[str, Any], facts: Mapping[str, Any]) -> WorkerCount:
    if app["workers"] != "auto":
        return WorkerCount(int(app["workers"]), "given")
    return worker_count(facts, app["workload"], app["memory_per_worker"])


def _collisions(apps: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names and domains that two applications of one host claim."""
    errors: list[str] = []
    owners: dict[tuple[str, str], int] = {}
    for index, app in enumerate(apps):
        claims = [("name", app.get("name"))]
        if app.get("state") != "absent":
            claims += [("domain", domain) for domain in app.get("domains") or []]
        for kind, value in claims:
            first = owners.setdefault((kind, str(value)), index)
            if value is not None and first != index:
                errors.append(f"asgi_apps[{index}]: {kind} {value!r} is taken by asgi_apps[{first}] on the same host")
    return errors


def _misspelt(variables: Mapping[str, Any]) -> list[str]:
    """Variables that look like one of ours written wrongly; others with our prefixes may be somebody else's."""
    known = PLAYBOOK_VARIABLES.union(role_options("nginx"), role_options("certificate"))
    errors = []
    for key in variables:
        if key not in known and str(key).startswith(OUR_PREFIXES) and (meant := nearest(str(key), known, cutoff=0.85)):
            errors.append(f"{key}: is not a variable of asgi.deploy; did you mean {meant}?")
    return errors
