"""An application's site in nginx: rules for its options, and the locations, limits and headers that they define.

A value that passes the rules can end no directive, except for snippets, which are nginx's own language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import in_url, is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NGINX, Layout
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import (
    additions,
    media,
    passwords,
    shared_domains,
    site_headers,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import (
    AppOptions,
    PathOptions,
    PublicSiteOptions,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import (
    LimitPlan,
    LocationPlan,
    PlacePlan,
    SitePlan,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.site_paths import health_checks, paths_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import kind_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import Rule

AUTH = f"{NGINX}/auth"
STREAM_TIMEOUT = 3600
# The burst beyond a rate: the requests of so many seconds, or of a whole minute.
BURST_SECONDS = 5
PRELOAD_AGE = 31_536_000

_RATE = re.compile(r"([1-9][0-9]{0,5})/([sm])")
_LOCATION = re.compile(r"/|(/[A-Za-z0-9_~.-]*[A-Za-z0-9_~-][A-Za-z0-9_~.-]*)+/?")
_TARGET = re.compile(r"(https://[A-Za-z0-9.-]+(:[0-9]+)?)?(/[A-Za-z0-9/._~%?&=+-]*)?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}")
_PREFIX = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9_~.-]*)+")
_PAGES = "/-"  # where nginx has its own pages of errors


def auth_file(name: str) -> str:
    """Return where nginx reads the users of an application."""
    return f"{AUTH}/{name}.htpasswd"


def rate(value: str) -> str | None:
    """Return what is wrong with a rate of requests."""
    if value == "none" or _RATE.fullmatch(value):
        return None
    return f"found {value!r}, expected requests per second or minute, as in 100/s or 5/m, or none"


def redirects(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with redirects."""
    errors = [error for path in value if (error := location(path))]
    errors += [
        f"the target of {path} is {target!r}, expected a path or a URL that begins with https://, as in {path}: /new"
        for path, target in value.items()
        if not isinstance(target, str) or not target or not _TARGET.fullmatch(target)
    ]
    return "; ".join(errors) or None


def location(path: Json) -> str | None:
    """Return what is wrong with a path of a URL."""
    if isinstance(path, str) and len(path) <= 200 and _LOCATION.fullmatch(path):
        return None
    return f"found {path!r}, expected a path of a URL, as in /login, or /admin/ for all that is below it"


def path(value: str) -> str | None:
    """Return what is wrong with the path of an application."""
    if value == shared_domains.WHOLE:
        return None
    if shared_domains.below(value, _PAGES):
        return f"found {value!r}, below which nginx has pages of errors; write another path, as in path: /blog"
    if len(value) > 200 or not _PREFIX.fullmatch(value):
        return f"found {value!r}, expected / or a path without a slash at its end, as in path: /blog"
    return None


def users(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with users and passwords; no password is in it."""
    errors = []
    for name, password in value.items():
        if not _USER.fullmatch(name):
            errors.append(f"{name!r} is no name of a user: letters, digits, dots, hyphens, underscores and @")
        elif error := passwords.password_error(password):
            errors.append(f"{name} {error}")
    return "; ".join(errors) or None


def resolve_paths(
    app: Mapping[str, Json], rules: Mapping[str, Rule], where: str
) -> tuple[dict[str, PathOptions], list[str]]:
    """Return the options of each path, and what is wrong with them.

    Args:
        app: resolved options of the application, right or wrong.
        rules: by the name of an option.
        where: what precedes the name of an option in a message.
    """
    site = app.get("site")
    written = site.get("paths") if isinstance(site, Mapping) else None
    resolved: dict[str, PathOptions] = {}
    errors: list[str] = []
    for path, value in written.items() if isinstance(written, Mapping) else ():
        place = f"{where}site.paths.{path}"
        if error := location(path):
            errors.append(f"{where}site.paths: {error}")
        if not isinstance(value, Mapping):
            errors.append(f"{place}: found {kind_of(value)}, expected a dictionary, as in {path}: {{timeout: 300}}")
            continue
        options, mistakes = resolve(role_options("app", "path"), value, f"{place}.")
        mistakes += [
            f"{place}.{key}: {error}"
            for key, rule in rules.items()
            if options.get(key) is not None and (error := rule(options[key]))
        ]
        resolved[path] = cast("PathOptions", options)
        errors += mistakes
    return resolved, errors


def site_errors(app: AppOptions, paths: Mapping[str, PathOptions], written: bool) -> list[str]:
    """Return what is wrong with options together that are right by themselves; each begins with the option's name.

    Args:
        app: resolved options.
        paths: those of `site.paths`, resolved.
        written: whether the user wrote any options of the site.
    """
    allow = app["health"]["allow"]
    if app["proxy"] == "none":
        errors = ["site: is nginx's, and proxy: none has no nginx; leave one of the two out"] if written else []
        if allow:
            errors.append(
                f"health.allow: found {allow}, which nginx checks, and proxy: none has no nginx; leave it out, "
                "and write who may connect in hardening_open"
            )
        return errors
    site = app["site"]
    errors = []
    if allow and not health_checks(app):
        errors.append(
            f"health.allow: found {allow}, but no path that it would be for; write one, as in "
            "health: {readiness: /ready}, or write allow of the path in site.paths"
        )
    hsts = site["hsts"]
    if hsts["preload"] and not (hsts["include_subdomains"] and hsts["max_age"] >= PRELOAD_AGE):
        errors.append(
            f"site.hsts.preload: browsers take no domain into their lists without include_subdomains: true and a "
            f"max_age of at least {PRELOAD_AGE}"
        )
    if both := sorted(set(site["redirect_from"]) & set(app["domains"])):
        errors.append(f"site.redirect_from: {', '.join(both)} is in domains as well; leave out one of the two")
    if not site["users"] and (site["auth"] or any(options["auth"] for options in paths.values())):
        errors.append('site.users: is missing; auth expects names and passwords, as in users: {ops: "{{ vault_ops }}"}')
    errors += _misplaced_paths(app)
    errors += media.media_errors(app, paths)
    if (whole := f"{shared_domains.prefix(site['path'])}/") in site["redirects"]:
        errors.append(
            f"site.redirects: found {whole!r}, which is all of the application, so that it would never serve; "
            "write a path below it, or the name in site.redirect_from of the application that it leads to"
        )
    owners = dict.fromkeys(additions.folders(app["static"]), "static")
    if app["health"]["metrics"]:
        owners[app["health"]["metrics"]] = "health.metrics"
    if prefix := shared_domains.prefix(app["site"]["path"]):
        errors += [
            f"{owners[path]}: found {path!r}, which is all of the application, as in site.path; write a path below it"
            for path in (prefix, f"{prefix}/")
            if path in owners
        ]
    owners |= dict.fromkeys(site["media"], "site.media")
    # What a path of uploads has of its own holds for them.
    own = [path for path in paths if path not in site["media"]]
    for option, entries in (("site.paths", own), ("site.redirects", site["redirects"])):
        for path in entries:
            if owners.setdefault(path, option) != option:
                errors.append(f"{option}: {path} is in {owners[path]} as well; leave out one of the two")
    return errors


def _misplaced_paths(app: AppOptions) -> Iterable[str]:
    """Yield an error for each path where neither the application nor nginx would be asked for it."""
    prefix = shared_domains.prefix(app["site"]["path"])
    for option, path in shared_domains.urls(cast("Mapping[str, Json]", app)):
        if not shared_domains.below(path, prefix):
            yield f"{option}: found {path!r}, which is not below site.path; write {prefix}{path}"
        elif option.startswith(("health.", "gate.")) and (folder := _served(app, path)):
            yield f"{option}: found {path!r}, which is below {folder}, where nginx answers by itself"


def _served(app: AppOptions, path: str) -> str | None:
    """Return the beginning of URLs that nginx answers by itself and a path is below, with its option; None without."""
    own = {**dict.fromkeys(app["static"], "static"), **dict.fromkeys(app["site"]["media"], "site.media")}
    return next((f"{folder} of {option}" for folder, option in own.items() if f"{path}/".startswith(folder)), None)


def site_plan(app: AppOptions, layout: Layout, place: PlacePlan, behind_balancer: bool = False) -> SitePlan:
    """Return what nginx is configured with for the application.

    Args:
        app: its options, which are right, with ``site.paths`` resolved.
        layout: its paths on the host.
        place: where it is among the applications of its domains.
        behind_balancer: whether nginx trusts proxies, which may have ended TLS.
    """
    site, name = app["site"], app["name"].replace("-", "_")
    checks = health_checks(app)
    zones: list[LimitPlan] = []
    locations: list[LocationPlan] = []
    for path in paths_of(app):
        # Requests count with those to the whole site, unless another rate is requested.
        shared = path.options["rate"] == site["rate"]
        limit = _limit(path.options["rate"], f"asgi_{'all' if shared else len(zones)}_{name}")
        if limit and limit not in zones:
            zones.append(limit)
        locations.append(
            {
                **path.options,
                "match": path.path
                if path.path == shared_domains.WHOLE
                else f"{'^~' if path.path.endswith('/') else '='} {path.path}",
                "path": path.path,
                "always": path.always,
                "health_check": path.path in checks,
                "media": path.media,
                "limit": limit,
                "timeout": path.timeout or (STREAM_TIMEOUT if path.options["streaming"] else site["timeout"]),
            }
        )
    separators = "asgi_parameters" if site["encoded_slashes"] else "asgi_separators"
    return {
        # Passwords go no further.
        **cast(PublicSiteOptions, {key: value for key, value in site.items() if key != "users"}),
        **place,
        "behind_balancer": behind_balancer,
        "logged": f"asgi_logged_{name}",
        "realm": f"asgi_realm_{name}",
        "here": f"asgi_here_{name}",
        "closed": f"asgi_closed_{name}" if place["prefix"] else "asgi_closed",
        "zones": zones,
        "locations": locations,
        "response_headers": list(site_headers.of_answers(site, name)),
        "open_zone": f"asgi_open_{name}",
        "health_zone": f"asgi_health_{name}" if checks else None,
        "untrusted": list(site_headers.untrusted(site["pass_headers"], name)),
        "guarded": bool(site["paths"] or site["auth"] or site["allow"]),
        "separators": separators,
        # If no other application shares the server, all its requests are for this one.
        "ambiguous": f"asgi_ambiguous_{name}" if place["below"] or place["prefix"] else separators,
        "own": f"asgi_own_{name}",
        "always": f"asgi_always_{name}",
        "hsts_value": site_headers.hsts(site["hsts"]),
        "names": _uncovered([*app["domains"], *site["redirect_from"]]),
        "metrics_below": _below_metrics(app),
        "addresses": [name for name in (*app["domains"], *site["redirect_from"]) if is_address(name)],
        "hosts": [in_url(name) for name in app["domains"]],
        "redirect_hosts": [in_url(name) for name in site["redirect_from"]],
        "maintenance_file": str(layout.maintenance),
        "stopped_file": str(layout.stopped),
        "auth_file": auth_file(app["name"]),
        "auth_text": "".join(
            f"{user}:{passwords.hashed(password, app['domains'][0], app['name'], user)}\n"
            for user, password in sorted(site["users"].items())
        ),
        "former": [],
    }


def _uncovered(names: list[str]) -> list[str]:
    """Return the names for a certificate: a CA refuses a name that a wildcard next to it stands for."""
    return [name for name in names if f"*.{name.partition('.')[2]}" not in names or name.startswith("*.")]


def _below_metrics(app: AppOptions) -> str | None:
    """Return the path below that of metrics, unless another option names it."""
    if not app["health"]["metrics"]:
        return None
    below = f"{app['health']['metrics'].rstrip('/')}/"
    taken = {path.path for path in paths_of(app)}
    return None if below in taken | app["site"]["redirects"].keys() else below


def _limit(value: str, zone: str) -> LimitPlan | None:
    """Return a limit of requests; None for any number."""
    parsed = _RATE.fullmatch(value)
    if not parsed:
        return None
    requests, unit = int(parsed[1]), parsed[2]
    burst = requests * BURST_SECONDS if unit == "s" else requests
    return {"zone": zone, "rate": f"{requests}r/{unit}", "burst": str(burst)}
