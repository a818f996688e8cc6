"""An application's site in nginx: rules for its options, and the locations, limits and headers that they come to.

What passes the rules can end no directive, except for snippets, which are nginx's own language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import in_url, is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NGINX, Layout
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import additions as trees
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import passwords, site_headers
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import shared_domains as sharing
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import kind_of

AUTH = f"{NGINX}/auth"
STREAM_TIMEOUT = 3600
# Beyond the rate, so much is let through at once: seconds' worth of it, or all of a minute.
BURST_SECONDS = 5
PRELOAD_AGE = 31_536_000

# For each address, of the paths that tell how the application is.
HEALTH_RATE, HEALTH_CONNECTIONS = "10/s", 20

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
    if value == "none" or _RATE.fullmatch(value):
        return None
    return f"found {value!r}, expected requests per second or minute, as in 100/s or 5/m, or none"


def redirects(value: Mapping[str, Any]) -> str | None:
    wrong = [told for path in value if (told := location(path))]
    wrong += [
        f"the target of {path} is {target!r}, expected a path or a URL that begins with https://, as in {path}: /new"
        for path, target in value.items()
        if not isinstance(target, str) or not target or not _TARGET.fullmatch(target)
    ]
    return "; ".join(wrong) or None


def location(path: Any) -> str | None:
    if isinstance(path, str) and len(path) <= 200 and _LOCATION.fullmatch(path):
        return None
    return f"found {path!r}, expected a path of a URL, as in /login, or /admin/ for all that is below it"


def path(value: str) -> str | None:
    if value == sharing.WHOLE:
        return None
    if sharing.below(value, _PAGES):
        return f"found {value!r}, below which nginx has pages of errors; write another path, as in path: /blog"
    if len(value) > 200 or not _PREFIX.fullmatch(value):
        return f"found {value!r}, expected / or a path without a slash at its end, as in path: /blog"
    return None


def users(value: Mapping[str, Any]) -> str | None:
    wrong = []
    for name, given in value.items():
        if not _USER.fullmatch(name):
            wrong.append(f"{name!r} is no name of a user: letters, digits, dots, hyphens, underscores and @")
        elif told := passwords.wrong(given):
            wrong.append(f"{name} {told}")
    return "; ".join(wrong) or None


def resolve_paths(app: Mapping[str, Any], rules: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
    """The options of each path, and what is wrong with them."""
    given = (app.get("site") or {}).get("paths") or {}
    found: dict[str, Any] = {}
    errors: list[str] = []
    for path, value in given.items():
        place = f"{where}site.paths.{path}"
        if wrong := location(path):
            errors.append(f"{where}site.paths: {wrong}")
        if not isinstance(value, Mapping):
            errors.append(f"{place}: found {kind_of(value)}, expected a dictionary, as in {path}: {{timeout: 300}}")
            continue
        options, more = resolve(role_options("app", "path"), value, f"{place}.")
        more += [
            f"{place}.{key}: {told}"
            for key, rule in rules.items()
            if options.get(key) is not None and (told := rule(options[key]))
        ]
        found[path] = options
        errors += more
    return found, errors


def site_errors(app: Mapping[str, Any], paths: Mapping[str, Any], given: bool) -> list[str]:
    """What does not go together in options that are right on their own; each begins with the option's name."""
    allow = app["health"]["allow"]
    if app["proxy"] == "none":
        errors = ["site: is nginx's, and proxy: none has no nginx; leave one of the two out"] if given else []
        if allow:
            errors.append(
                f"health.allow: found {allow}, which nginx checks, and proxy: none has no nginx; leave it out, "
                "and write who may connect in hardening_open"
            )
        return errors
    site = app["site"]
    errors = []
    if allow and not _health_checks(app):
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
    errors += _strays(app, paths)
    if (whole := f"{sharing.prefix_of(app)}/") in site["redirects"]:
        errors.append(
            f"site.redirects: found {whole!r}, which is all of the application, so that it would never serve; "
            "write a path below it, or the name in site.redirect_from of the application that it leads to"
        )
    taken = {**dict.fromkeys(trees.folders(app["static"]), "static"), app["health"]["metrics"]: "health.metrics"}
    owners: dict[str, str] = {path: owner for path, owner in taken.items() if path}
    if prefix := sharing.prefix_of(app):
        errors += [
            f"{owners[path]}: found {path!r}, which is all of the application, as in site.path; write a path below it"
            for path in (prefix, f"{prefix}/")
            if path in owners
        ]
    for option, entries in (("site.paths", paths), ("site.redirects", site["redirects"])):
        for path in entries:
            if owners.setdefault(path, option) != option:
                errors.append(f"{option}: {path} is in {owners[path]} as well; leave out one of the two")
    return errors


def _strays(app: Mapping[str, Any], paths: Mapping[str, Any]) -> Iterable[str]:
    """Paths that lie where the application, or nginx, would never be asked for them."""
    prefix = sharing.prefix_of(app)
    named = sharing.urls({**app, "site": {**app["site"], "paths": paths}})
    for option, path in named:
        if not sharing.below(path, prefix):
            yield f"{option}: found {path!r}, which is not below site.path; write {prefix}{path}"
        elif option.startswith(("health.", "gate.")) and (folder := _static(app, path)):
            yield f"{option}: found {path!r}, which is below {folder} of static, where nginx answers by itself"


def _static(app: Mapping[str, Any], path: str) -> str | None:
    return next((folder for folder in app["static"] if f"{path}/".startswith(folder)), None)


def site_plan(app: Mapping[str, Any], layout: Layout, place: Mapping[str, Any]) -> dict[str, Any]:
    """What nginx is told of the application.

    Args:
        app: its options, which are right, with ``site.paths`` resolved.
        layout: where it is on the host.
        place: where it is among the applications of its domains; see :func:`shared_domains.place_of`.
    """
    site, name = app["site"], app["name"].replace("-", "_")
    zones: list[dict[str, str]] = []
    locations = []
    for path, options, always in _paths(app):
        # Where no other rate is asked for, requests count with those to the whole site.
        shared = options["rate"] == site["rate"]
        limit = _limit(options["rate"], f"asgi_{'all' if shared else len(zones)}_{name}")
        if limit and limit not in zones:
            zones.append(limit)
        locations.append(
            {
                **options,
                "match": path if path == sharing.WHOLE else f"{'^~' if path.endswith('/') else '='} {path}",
                "path": path,
                "always": always,
                "health_check": path in _health_checks(app),
                "limit": limit,
                "timeout": options["timeout"] or (STREAM_TIMEOUT if options["streaming"] else site["timeout"]),
            }
        )
    separators = "asgi_parameters" if site["encoded_slashes"] else "asgi_separators"
    return {
        **{key: value for key, value in site.items() if key != "users"},  # passwords go no further
        **place,
        "logged": f"asgi_logged_{name}",
        "here": f"asgi_here_{name}",
        "closed": f"asgi_closed_{name}" if place["prefix"] else "asgi_closed",
        "zones": zones,
        "locations": locations,
        "response_headers": list(site_headers.of_answers(site, name)),
        "open_zone": f"asgi_open_{name}",
        "health_zone": f"asgi_health_{name}" if _health_checks(app) else None,
        "untrusted": list(site_headers.untrusted(site["pass_headers"], name)),
        "guarded": bool(site["paths"] or site["auth"] or site["allow"]),
        "separators": separators,
        # Alone, all that the server is asked for is the application's.
        "ambiguous": f"asgi_ambiguous_{name}" if place["below"] or place["prefix"] else separators,
        "own": f"asgi_own_{name}",
        "always": f"asgi_always_{name}",
        "hsts_value": site_headers.hsts(site["hsts"]),
        "names": _uncovered([*app["domains"], *site["redirect_from"]]),
        "metrics_below": _below_metrics(app),
        "addresses": [name for name in (*app["domains"], *site["redirect_from"]) if is_address(name)],
        # As nginx and URLs write them.
        "hosts": [in_url(name) for name in app["domains"]],
        "redirect_hosts": [in_url(name) for name in site["redirect_from"]],
        "maintenance_file": str(layout.maintenance),
        "stopped_file": str(layout.stopped),
        "auth_file": auth_file(app["name"]),
        "auth_text": "".join(
            f"{user}:{passwords.hashed(given, app['domains'][0], app['name'], user)}\n"
            for user, given in sorted(site["users"].items())
        ),
    }


def _uncovered(names: list[str]) -> list[str]:
    """Names for a certificate: a CA refuses one that a wildcard beside it stands for."""
    return [name for name in names if f"*.{name.partition('.')[2]}" not in names or name.startswith("*.")]


def _below_metrics(app: Mapping[str, Any]) -> str | None:
    """What is below the path of metrics, unless it is somebody's by another option."""
    if not app["health"]["metrics"]:
        return None
    below = f"{app['health']['metrics'].rstrip('/')}/"
    taken = {path for path, _options, _always in _paths(app)}
    return None if below in taken | app["site"]["redirects"].keys() else below


def _paths(app: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any], bool]]:
    """Paths with their options in full, the whole first, and whether each answers even when the site is closed."""
    site = app["site"]
    whole = {key: site[key] for key in role_options("app", "path") if key not in ("snippet", "timeout")}
    whole |= {"snippet": None, "timeout": None}
    begin, health, health_checks, own = _beginnings(app), _health(app), _health_checks(app), site["paths"]
    for path in [*begin, *sorted({*own, *health} - {*begin, *site["redirects"]})]:
        options = {key: value for key, value in own.get(path, {}).items() if value is not None}
        limits = {"rate": HEALTH_RATE, "connections": HEALTH_CONNECTIONS} if path in health_checks else {}
        if path in health_checks and app["health"]["allow"]:
            limits["allow"] = app["health"]["allow"]
        yield path, {**whole, **limits, **options}, path in health


def _beginnings(app: Mapping[str, Any]) -> list[str]:
    """Return the paths that stand for all of the application."""
    prefix = sharing.prefix_of(app)
    return [f"{prefix}/", *([prefix] if prefix and prefix not in app["site"]["redirects"] else [])]


def _health(app: Mapping[str, Any]) -> set[str]:
    """Return the paths that tell how it is."""
    health = {app["health"]["liveness"], app["health"]["readiness"], app["gate"]["path"].split("?", 1)[0]}
    return {path for path in health if path} - {*_beginnings(app)}


def _health_checks(app: Mapping[str, Any]) -> set[str]:
    """Return the paths that only tell how it is: one that is a page of the site, too, has options of its own."""
    return _health(app) - {*app["site"]["paths"], *app["site"]["redirects"]}


def _limit(value: str, zone: str) -> dict[str, str] | None:
    found = _RATE.fullmatch(value)
    if not found:
        return None
    requests, unit = int(found[1]), found[2]
    burst = requests * BURST_SECONDS if unit == "s" else requests
    return {"zone": zone, "rate": f"{requests}r/{unit}", "burst": str(burst)}
