"""Uploads that nginx serves: folders of an application's storage, by the beginning of their URLs.

nginx itself cannot read them. A second nginx sends them, as the application's user, so that the modes of files do not
matter; in its sandbox there are no other folders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import CONFIGURATION, MEDIA, UNITS, Layout
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import additions
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions, PathOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan, MediaPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.managed_files import absent, directory, file
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.templates import rendered

# Folders that have nothing to do with it. Of our own it sees only its configuration.
_HIDDEN = ("/media", "/mnt", "/opt", "/run", "/srv", "/var")
# Units that start it: with nginx, and when the host boots.
_STARTED_WITH = ("nginx.service", "multi-user.target")


def media(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with folders of uploads."""
    errors = [error for prefix, folder in value.items() if (error := _entry(prefix, folder))]
    return "; ".join([*errors, *additions.nested(value)]) or None


def _entry(prefix: str, folder: Json) -> str | None:
    """Return what is wrong with one folder of uploads."""
    if not additions.is_prefix(prefix):
        return f"found {prefix!r}, expected the beginning of URLs with a slash at both ends, as in /media/: uploads"
    error = additions.inside(folder)
    return f"{prefix}: {error}" if error else None


def media_errors(app: AppOptions, paths: Mapping[str, PathOptions]) -> Iterable[str]:
    """Yield what is wrong with options together that are right by themselves; each begins with the option's name.

    Args:
        app: resolved options.
        paths: those of `site.paths`, resolved.
    """
    prefixes = app["site"]["media"]
    folders = [entry.rstrip("/") for entry in app["storage"] if not additions.is_file(entry)]
    for prefix, folder in prefixes.items():
        if folder not in folders:
            slash = "/" if additions.is_file(folder) else ""
            yield (
                f"site.media: {prefix} is {folder!r}, which is no directory of storage; nginx serves only whole ones, "
                f"as in storage: [{folder}{slash}]"
            )
        for other in app["static"]:
            if prefix.startswith(other) or other.startswith(prefix):
                yield f"site.media: {prefix} meets {other} of static; write another beginning of URLs"
    for path, options in paths.items():
        if below_media(prefixes, path) and options["body_size"] is not None:
            yield (
                f"site.paths.{path}.body_size: has no effect below site.media, where nothing is sent to; leave it out"
            )


def below_media(prefixes: Iterable[str], path: str) -> str | None:
    """Return the beginning of URLs of uploads that a path is below; None without one."""
    return next((prefix for prefix in prefixes if f"{path}/".startswith(prefix) and path != prefix.rstrip("/")), None)


def media_plan(app: AppOptions, layout: Layout) -> MediaPlan:
    """Return how uploads are sent."""
    return {
        "folders": {prefix: str(layout.storage / folder) for prefix, folder in app["site"]["media"].items()},
        "units": list(layout.media_units),
        "socket": str(MEDIA / f"{layout.app}.sock"),
        "configuration": _configuration(layout.app),
        "hidden": [str(CONFIGURATION), *_HIDDEN],
    }


def _configuration(name: str) -> str:
    """Return the file of the settings of what sends uploads of an application."""
    return str(CONFIGURATION / "media" / f"{name}.conf")


def media_files(plan: AppPlan) -> list[FileEntry]:
    """Return what sends uploads, or its absence."""
    how, (service, socket) = plan["media"], plan["media"]["units"]
    if not how["folders"]:
        return absence(plan["name"])
    configuration = rendered("app", "media_server.conf.j2", plan)
    digest = hashlib.sha256(configuration.encode()).hexdigest()
    folders = [
        directory(folder, mode="0750", owner=plan["user"], group=plan["user"])
        for folder in dict.fromkeys(how["folders"].values())
    ]
    return [
        *folders,
        file(how["configuration"], configuration),
        file(f"{UNITS}/{socket}", rendered("app", "media.socket.j2", plan)),
        # Another configuration is another unit, which is restarted.
        file(f"{UNITS}/{service}", rendered("app", "media.service.j2", plan, configuration=digest)),
    ]


def running(plan: AppPlan) -> list[str]:
    """Return the unit that must be enabled and active."""
    return plan["media"]["units"][:1] if plan["media"]["folders"] else []


def absence(name: str) -> list[FileEntry]:
    """Return the absence of what sends uploads of an application."""
    layout = Layout(name)
    service = layout.media_units[0]
    links = [f"{UNITS}/{unit}.wants/{service}" for unit in _STARTED_WITH]
    # The socket goes first: it would start the service again.
    return [
        absent(path)
        for path in (*(f"{UNITS}/{unit}" for unit in layout.media_units[::-1]), *links, _configuration(name))
    ]
