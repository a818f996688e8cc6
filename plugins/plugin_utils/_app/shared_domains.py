"""Applications of a host that share their domains, each at a path of its own: whose the server is, and what whose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.addresses import is_address

WHOLE = "/"
# What nginx has once for all that answer to a name: options of the application that owns the server.
OF_THE_SERVER = ("site.redirect_from", "site.hsts", "site.headers", "site.snippet", "tls.certificate", "tls.key")

Spec = Mapping[str, Any]


def path_of(app: Any) -> str:
    """Where an application begins, ``/`` for the whole of its domains; as it is written, right or wrong."""
    site = app.get("site") if isinstance(app, Mapping) else None
    path = site.get("path") if isinstance(site, Mapping) else None
    return path if isinstance(path, str) else WHOLE


def prefix_of(app: Any) -> str:
    """What every path of an application begins with: nothing, or a path without a slash at its end."""
    return path_of(app).rstrip("/")


def below(path: str, prefix: str) -> bool:
    """Whether a path is the beginning itself or below it."""
    return f"{path}/".startswith(f"{prefix}/")


def group_of(spec: Spec, apps: Iterable[Any]) -> list[Spec]:
    """The applications that share a domain with this one behind nginx, itself included, in the inventory's order."""
    if not _behind_nginx(spec):
        return [spec]
    mine = set(domains_of(spec))
    found = [app for app in apps if _behind_nginx(app) and mine & set(domains_of(app))]
    return found if any(app.get("name") == spec.get("name") for app in found) else [*found, spec]


def owner_of(group: Sequence[Spec]) -> Spec:
    """Whose the server is: the application of the whole domain, or the first one."""
    return next((app for app in group if path_of(app) == WHOLE), group[0])


def owns(spec: Any, apps: Iterable[Any]) -> bool:
    """Whether an application has a server of its own, and so a certificate; one that cannot be read is taken to."""
    return not isinstance(spec, Mapping) or owner_of(group_of(spec, apps)).get("name") == spec.get("name")


def place_of(spec: Spec, apps: Iterable[Any]) -> dict[str, Any]:
    """Where an application is among those that share its domains.

    Returns:
        ``prefix``: what its paths begin with; ``owner``: whose the server is, by name; ``owns``: whether it is its own;
        ``below``: the names of all that are below a path, those with longer paths later, as they win.
    """
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
    """The order in which a host's applications are put right, so that nobody's server is missing meanwhile.

    As the inventory has them, but: who owns a server comes before those below it, and who goes from a domain that
    another one has now goes last. Of an address nginx takes one server alone, so who has one comes after those who may
    have had it.
    """

    def turn(app: Spec) -> int:
        if _behind_nginx(app):
            named = [*domains_of(app), *redirect_names(app)]
            return (1 if any(map(is_address, named)) else 0) if owns(app, apps) else 2
        taken = {domain for other in apps if _behind_nginx(other) for domain in domains_of(other)}
        handed_over = taken & set(domains_of(app)) if app.get("proxy") in (None, "nginx") else set()
        return 3 if handed_over and not any(map(is_address, handed_over)) else 0

    return sorted(apps, key=turn)


def neighbours(asked: Sequence[Spec], apps: Sequence[Any]) -> list[Spec]:
    """Return the applications that a run on others may leave without a server, or with one too many.

    Those that share a domain with one that is asked for, or that are below a path and so may have been in its server.

    Args:
        asked: what the run is for, those that must go included.
        apps: the entries of all applications of the host.
    """
    names = {app.get("name") for app in asked}
    near = {domain for app in asked for domain in domains_of(app)}
    return [
        app
        for app in apps
        if _behind_nginx(app) and app.get("name") not in names and (prefix_of(app) or near & set(domains_of(app)))
    ]


def may_share(one: Spec, other: Spec) -> bool:
    """Whether two applications can have the same domain: nginx tells them apart by their paths."""
    return _behind_nginx(one) and _behind_nginx(other) and path_of(one) != path_of(other)


def errors(apps: Sequence[Spec], specs: Sequence[Any]) -> list[str]:
    """What is wrong between applications that share a domain, once their paths differ.

    Args:
        apps: their resolved options.
        specs: the same as the user wrote them: a default says nothing.
    """
    found: list[str] = []
    names = {id(app): f"asgi_apps[{index}] ({app.get('name')})" for index, app in enumerate(apps)}
    for app, spec in zip(apps, specs, strict=True):
        group = group_of(app, apps)
        if len(group) < 2 or not all(may_share(one, other) for one, other in combinations(group, 2)):
            continue
        owner = owner_of(group)
        name, whose = names[id(app)], names[id(owner)]
        if app is not owner:
            if set(domains_of(app)) != set(domains_of(owner)):
                both = ", ".join(domain for domain in domains_of(owner) if domain in domains_of(app))
                found.append(
                    f"{name}.domains: found {domains_of(app)}; it shares {both} with {whose}, so expected all of "
                    f"its domains: [{', '.join(domains_of(owner))}]"
                )
            found += [
                f"{name}.{option}: is of the whole of {domains_of(owner)[0]}, whose server is that of {whose}; "
                "write it there"
                for option in OF_THE_SERVER
                if _given(spec, option)
            ]
        found += _strays(app, group, names)
    return found


def urls(app: Spec) -> list[tuple[str, str]]:
    """The options of an application that name paths of its URLs, each with a path."""
    site, health = app.get("site") or {}, app.get("health") or {}
    named = [(f"health.{name}", path) for name, path in health.items() if path and name != "allow"]
    named += [("gate.path", str((app.get("gate") or {}).get("path") or WHOLE).split("?", 1)[0])]
    named += [(f"site.{key}", path) for key in ("paths", "redirects") for path in site.get(key) or {}]
    return named + [("static", path) for path in app.get("static") or {}]


def _strays(app: Spec, group: Sequence[Spec], names: Mapping[int, str]) -> list[str]:
    """Paths that an application names and that belong to another one below it."""
    inner = [other for other in group if prefix_of(other) != prefix_of(app) and below(prefix_of(other), prefix_of(app))]
    return [
        f"{names[id(app)]}.{option}: found {path!r}, which is below {path_of(other)} and so goes to "
        f"{names[id(other)]}; write another path, or have it there"
        for option, path in urls(app)
        for other in inner
        if below(path, prefix_of(other))
    ]


def same_claims(apps: Sequence[Spec]) -> Iterable[tuple[int, int, str]]:
    """Domains that two applications cannot both have: the later one, the earlier one, the domain."""
    for (first, one), (index, other) in combinations(enumerate(apps), 2):
        if "absent" in (one.get("state"), other.get("state")):
            continue
        for domain in [*domains_of(other), *redirect_names(other)]:
            own = domain in domains_of(one) and domain in domains_of(other)
            if domain in [*domains_of(one), *redirect_names(one)] and not (own and may_share(one, other)):
                yield index, first, domain


def _behind_nginx(app: Any) -> bool:
    if not isinstance(app, Mapping) or app.get("state") == "absent":
        return False
    return app.get("proxy") in (None, "nginx")


def domains_of(app: Spec) -> list[str]:
    """The names that an application serves, as it is written, right or wrong."""
    return _names(app.get("domains"))


def redirect_names(app: Spec) -> list[str]:
    """What an application takes of `site.redirect_from`."""
    site = app.get("site")
    return _names(site.get("redirect_from") if isinstance(site, Mapping) else None)


def _names(given: Any) -> list[str]:
    """A list as it may be written: as text with commas, too."""
    if isinstance(given, str):
        return [part.strip() for part in given.split(",")]
    return [str(item) for item in given] if isinstance(given, (list, tuple)) else []


def _given(spec: Spec, option: str) -> bool:
    value: Any = spec
    for part in option.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value is not None


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
