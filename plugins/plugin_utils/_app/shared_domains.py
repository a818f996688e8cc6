"""Applications of a host that share their domains, each at a path of its own.

One of them has the server of nginx. Functions take entries as the user wrote them, right or wrong, or with their
options resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import is_address
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import PlacePlan

WHOLE = "/"
# Options that nginx applies to all applications of a name: only the owner of the server has them.
OF_THE_SERVER = ("site.redirect_from", "site.hsts", "site.headers", "site.snippet", "tls.certificate", "tls.key")

Spec: TypeAlias = Mapping[str, Json]


def path_of(app: Spec | Json) -> str:
    """Return where an application begins, ``/`` for the whole of its domains."""
    site = app.get("site") if isinstance(app, Mapping) else None
    path = site.get("path") if isinstance(site, Mapping) else None
    return path if isinstance(path, str) else WHOLE


def prefix(path: str) -> str:
    """Return what every path of an application begins with, from its `site.path`: nothing, or without a last slash."""
    return path.rstrip("/")


def prefix_of(app: Spec | Json) -> str:
    """Return what every path of an application begins with: nothing, or a path without a slash at its end."""
    return prefix(path_of(app))


def below(path: str, prefix: str) -> bool:
    """Return whether a path is the beginning itself or below it."""
    return f"{path}/".startswith(f"{prefix}/")


def group_of(spec: Spec, apps: Iterable[Spec | Json]) -> list[Spec]:
    """Return the applications that share a domain with this one behind nginx, itself included, in their own order."""
    if not _behind_nginx(spec):
        return [spec]
    mine = set(domains_of(spec))
    group = [app for app in apps if isinstance(app, Mapping) and _behind_nginx(app) and mine & set(domains_of(app))]
    return group if any(app.get("name") == spec.get("name") for app in group) else [*group, spec]


def owner_of(group: Sequence[Spec]) -> Spec:
    """Return the application that has the server: that of the whole domain, or the first one."""
    return next((app for app in group if path_of(app) == WHOLE), group[0])


def owns(spec: Spec | Json, apps: Iterable[Spec | Json]) -> bool:
    """Return whether an application has a server of its own, and so a certificate; also for one that is unreadable."""
    return not isinstance(spec, Mapping) or owner_of(group_of(spec, apps)).get("name") == spec.get("name")


def place_of(spec: Spec, apps: Iterable[Spec | Json]) -> PlacePlan:
    """Return where an application is among those that share its domains."""
    group = group_of(spec, apps)
    owner = str(owner_of(group).get("name"))
    inner = sorted((app for app in group if prefix_of(app)), key=lambda app: (len(path_of(app)), path_of(app)))
    return {
        "prefix": prefix_of(spec),
        "owner": owner,
        "owns": owner == spec.get("name"),
        "below": [str(app["name"]) for app in inner],
    }


def in_order(apps: Sequence[Spec]) -> list[Spec]:
    """Return a host's applications in the order in which they are applied, so that no server is missing in between.

    It is the order of the inventory, with exceptions: an application with a server comes before those below it, and one
    that leaves a domain that another one has now comes last. Of an address nginx takes only one server, so an
    application with an address comes after those that may have had it.
    """

    def turn(app: Spec) -> int:
        """Return a number: applications with a lower one come first."""
        if _behind_nginx(app):
            named = [*domains_of(app), *redirect_names(app)]
            return (1 if any(map(is_address, named)) else 0) if owns(app, apps) else 2
        taken = {domain for other in apps if _behind_nginx(other) for domain in domains_of(other)}
        handed_over = taken & set(domains_of(app)) if app.get("proxy") in (None, "nginx") else set()
        return 3 if handed_over and not any(map(is_address, handed_over)) else 0

    return sorted(apps, key=turn)


def neighbours(requested: Sequence[Spec], apps: Sequence[Spec | Json]) -> list[Spec]:
    """Return the applications that a run on others may leave without a server, or with one too many.

    They share a domain with a requested one, or are below a path and so may have been in its server.

    Args:
        requested: the applications of the run, also those that must go.
        apps: the entries of all applications of the host.
    """
    names = [app.get("name") for app in requested]
    near = {domain for app in requested for domain in domains_of(app)}
    return [
        app
        for app in apps
        if isinstance(app, Mapping) and _behind_nginx(app)
        if app.get("name") not in names and (prefix_of(app) or near & set(domains_of(app)))
    ]


def may_share(first: Spec, second: Spec) -> bool:
    """Return whether two applications can have the same domain: nginx distinguishes them by their paths."""
    return _behind_nginx(first) and _behind_nginx(second) and path_of(first) != path_of(second)


def errors(apps: Sequence[Spec], specs: Sequence[Spec | Json]) -> list[str]:
    """Return what is wrong between applications that share a domain, once their paths differ.

    Args:
        apps: their resolved options.
        specs: the same as the user wrote them, as a default says nothing.
    """
    mistakes: list[str] = []
    names = {id(app): f"asgi_apps[{index}] ({app.get('name')})" for index, app in enumerate(apps)}
    for app, spec in zip(apps, specs, strict=True):
        group = group_of(app, apps)
        if len(group) < 2 or not all(may_share(first, second) for first, second in combinations(group, 2)):
            continue
        owner = owner_of(group)
        name, owner_name = names[id(app)], names[id(owner)]
        if app is not owner:
            if set(domains_of(app)) != set(domains_of(owner)):
                both = ", ".join(domain for domain in domains_of(owner) if domain in domains_of(app))
                mistakes.append(
                    f"{name}.domains: found {domains_of(app)}; it shares {both} with {owner_name}, so expected all of "
                    f"its domains: [{', '.join(domains_of(owner))}]"
                )
            mistakes += [
                f"{name}.{option}: is of the whole of {domains_of(owner)[0]}, whose server is that of {owner_name}; "
                "write it there"
                for option in OF_THE_SERVER
                if _is_written(spec, option)
            ]
        mistakes += _misplaced_paths(app, group, names)
    return mistakes


def urls(app: Spec) -> list[tuple[str, str]]:
    """Return the options of an application that name paths of its URLs, each with a path."""
    site, health, gate = (_dictionary(app.get(option)) for option in ("site", "health", "gate"))
    named = [(f"health.{name}", str(path)) for name, path in health.items() if path and name != "allow"]
    named += [("gate.path", str(gate.get("path") or WHOLE).split("?", 1)[0])]
    named += [
        (f"site.{option}", path) for option in ("paths", "redirects", "media") for path in _dictionary(site.get(option))
    ]
    return named + [("static", path) for path in _dictionary(app.get("static"))]


def _dictionary(written: Json) -> Mapping[str, Json]:
    """Return a dictionary as it is; an empty one for another value."""
    return written if isinstance(written, Mapping) else {}


def _misplaced_paths(app: Spec, group: Sequence[Spec], names: Mapping[int, str]) -> list[str]:
    """Return an error for each path that an application names and that belongs to another one below it."""
    inner = [other for other in group if prefix_of(other) != prefix_of(app) and below(prefix_of(other), prefix_of(app))]
    return [
        f"{names[id(app)]}.{option}: found {path!r}, which is below {path_of(other)} and so goes to "
        f"{names[id(other)]}; write another path, or write it there"
        for option, path in urls(app)
        for other in inner
        if below(path, prefix_of(other))
    ]


def same_claims(apps: Sequence[Spec]) -> Iterable[tuple[int, int, str]]:
    """Yield the domains that two applications cannot both have: the later one, the earlier one, the domain."""
    for (first, app), (second, other) in combinations(enumerate(apps), 2):
        if "absent" in (app.get("state"), other.get("state")):
            continue
        for domain in [*domains_of(other), *redirect_names(other)]:
            both = domain in domains_of(app) and domain in domains_of(other)
            if domain in [*domains_of(app), *redirect_names(app)] and not (both and may_share(app, other)):
                yield second, first, domain


def _behind_nginx(app: Spec | Json) -> bool:
    """Return whether an application is desired and served by nginx."""
    if not isinstance(app, Mapping) or app.get("state") == "absent":
        return False
    return app.get("proxy") in (None, "nginx")


def domains_of(app: Spec) -> list[str]:
    """Return the names that an application serves."""
    return _names(app.get("domains"))


def redirect_names(app: Spec) -> list[str]:
    """Return the names of `site.redirect_from`."""
    site = app.get("site")
    return _names(site.get("redirect_from") if isinstance(site, Mapping) else None)


def _names(written: Json) -> list[str]:
    """Return the names of a list, which may also be written as text with commas."""
    if isinstance(written, str):
        return [part.strip() for part in written.split(",")]
    return [str(item) for item in written] if isinstance(written, (list, tuple)) else []


def _is_written(spec: Spec | Json, option: str) -> bool:
    """Return whether the user wrote an option."""
    value = spec
    for part in option.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value is not None


def addresses(app: Spec | Json) -> list[str]:
    """Return the addresses among the domains of an application."""
    if not isinstance(app, Mapping) or app.get("state") == "absent":
        return []
    return [name for name in (*domains_of(app), *redirect_names(app)) if is_address(name)]


def unnamed(apps: Sequence[Spec | Json]) -> list[int]:
    """Return the indices of applications behind nginx whose server has an address."""
    return [
        index
        for index, app in enumerate(apps)
        if isinstance(app, Mapping) and addresses(app) and app.get("proxy") != "none" and owns(app, apps)
    ]
