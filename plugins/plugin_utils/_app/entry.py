"""One entry of asgi_apps: its options with their defaults, and what is wrong in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._app import additions as trees
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import environment as env_files
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import shared_domains as sharing
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import sites, sizing
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.background import resolve_work
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.no_effect import without_effect
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.rules import PATH, RULES, SAMPLES
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.server_settings import refused
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.servers import lock_errors, requirements, setting_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sources import source_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.transports import transport_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import local_files as controller
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import ROLES, resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import sanitize
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import rule_errors


def app_options() -> dict[str, Any]:
    """Return the options of an entry, as the argument spec has them."""
    options: dict[str, Any] = role_options("app")["app_spec"]["options"]
    return options


def lock_inputs(wanted: Sequence[str]) -> tuple[str, Sequence[str], Sequence[str]]:
    """The collection's own lock, what serves this application, and what serves any."""
    text = (ROLES / "app" / "files" / "server.txt").read_text(encoding="utf-8")
    return text, wanted, app_options()["server_requirements"]["default"]


def checked(
    spec: Mapping[str, Any], where: str, contents: controller.Contents | None
) -> tuple[dict[str, Any], list[str]]:
    """Return the entry with its defaults, and all that is wrong in it.

    Args:
        spec: what the user wrote of the application.
        where: what precedes the name of an option in a message.
        contents: texts of files on the controller that the entry names.
    """
    settings = spec.get("settings") or {}
    wrong = refused(settings)
    names = [f"{where}settings.{name}: is no setting of a release: {reason}" for name, reason in wrong.items()]
    if wrong:
        spec = {**spec, "settings": {name: value for name, value in settings.items() if name not in wrong}}
    app, errors = resolve(app_options(), spec, where, SAMPLES)
    errors += rule_errors(RULES, app, where) + source_errors(app, spec, where)
    work, wrong_work = resolve_work(app, where)
    paths, wrong_paths = sites.resolve_paths(app, PATH, where)
    errors += wrong_paths
    variables, more = env_files.variables_of(app, contents)
    more += controller.unreadable(app, contents)
    if not errors:  # what goes together can be told of options that are right on their own
        if app["gate"]["path"] == sharing.WHOLE:
            app["gate"]["path"] = f"{sharing.prefix_of(app)}/"
        more += [*trees.tree_errors(app), *sizing.sizing_errors(app, variables)]
        if app["require_hashes"]:
            lock, wanted, _default = lock_inputs(requirements(app["server_requirements"], app))
            more += lock_errors(lock, wanted)
        more += without_effect({**app, **work}, spec, variables)
        more += transport_errors(app)
        errors += setting_errors(app, spec, where)
        more += sites.site_errors(app, paths, bool(spec.get("site")))
        app["site"]["paths"] = paths
    errors = [*names, *errors, *wrong_work, *(f"{where}{text}" for text in more)]
    return {**app, **work}, list(map(sanitize, errors))
