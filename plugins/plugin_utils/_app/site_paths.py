"""The paths of an application's site in nginx, each with its options."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, cast

from ansible_collections.asgi.deploy.plugins.plugin_utils._app.media import below_media
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions, PathLimits, SiteOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.shared_domains import prefix

# Limits of paths of health, for each address.
HEALTH_RATE, HEALTH_CONNECTIONS = "10/s", 20


class SitePath(NamedTuple):
    """A path of a site."""

    path: str
    options: PathLimits  # its own, or those of the site
    timeout: int | None  # its own, in seconds
    always: bool  # whether it answers when the site is closed, too
    media: bool  # whether uploads are sent


def paths_of(app: AppOptions) -> Iterable[SitePath]:
    """Yield the paths of the site, the whole first."""
    site, health, checks = app["site"], app["health"], health_checks(app)
    begin, health_paths = _beginnings(app), _health(app)
    for path in [*begin, *sorted({*site["paths"], *site["media"], *health_paths} - {*begin, *site["redirects"]})]:
        options = _site_limits(site)
        if path in checks:
            options |= {"rate": HEALTH_RATE, "connections": HEALTH_CONNECTIONS}
        if path in checks and health["allow"]:
            options["allow"] = health["allow"]
        written = site["paths"].get(path)
        if written:
            values = {key: value for key, value in written.items() if value is not None}
            options = cast("PathLimits", {**options, **values})
        yield SitePath(
            path,
            options,
            written["timeout"] if written else None,
            path in health_paths,
            below_media(site["media"], path) is not None,
        )


def _site_limits(site: SiteOptions) -> PathLimits:
    """Return what the site says for paths that do not say it themselves."""
    return {
        "body_size": site["body_size"],
        "streaming": site["streaming"],
        "compress": site["compress"],
        "rate": site["rate"],
        "connections": site["connections"],
        "allow": site["allow"],
        "auth": site["auth"],
        "snippet": None,  # that of the site is in its server
    }


def _beginnings(app: AppOptions) -> list[str]:
    """Return the paths that stand for all of the application."""
    begin = prefix(app["site"]["path"])
    return [f"{begin}/", *([begin] if begin and begin not in app["site"]["redirects"] else [])]


def _health(app: AppOptions) -> set[str]:
    """Return the paths that say how the application is."""
    paths = {app["health"]["liveness"], app["health"]["readiness"], app["gate"]["path"].split("?", 1)[0]}
    return {path for path in paths if path} - {*_beginnings(app)}


def health_checks(app: AppOptions) -> set[str]:
    """Return the paths that only say how it is: one that is a page of the site, too, has options of its own."""
    return _health(app) - {*app["site"]["paths"], *app["site"]["redirects"]}
