"""Options that were written and would do nothing: refused, with what takes their place.

Only what the user wrote counts: a default says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import metadata_service
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sizing import VARIABLE
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.source_options import EnvironmentValue


def ineffective_options(
    app: AppOptions, spec: Mapping[str, Json], variables: Mapping[str, EnvironmentValue]
) -> list[str]:
    """Return an error for each option that has no effect together with the others; it begins with the option's name.

    Args:
        app: resolved options that are right by themselves.
        spec: what the user wrote.
        variables: the application's environment.
    """
    if app["state"] == "absent":
        return []
    return [
        *_together(app, spec),
        *_sizing(app, spec, variables),
        *_site(app, _inner(spec.get("site"))),
        *_secrets(app, variables),
        *metadata_service.errors(app["sandbox"]),
    ]


def _inner(written: Json) -> Mapping[str, Json]:
    """Return a dictionary as the user wrote it; an empty one for another value."""
    return written if isinstance(written, Mapping) else {}


def _written(spec: Mapping[str, Json], *keys: str) -> list[str]:
    """Return those of the options that the user wrote."""
    return [key for key in keys if spec.get(key) is not None]


def _together(app: AppOptions, spec: Mapping[str, Json]) -> list[str]:
    """Return the errors of options that need another option."""
    errors = []
    if _written(spec, "release_timeout") and not app["release_command"]:
        errors.append(
            "release_timeout: has no effect without release_command; leave it out, "
            "or write release_command: alembic upgrade head"
        )
    if not app["build"]["commands"]:
        errors += [
            f"build.{key}: has no effect without build.commands; leave it out, or write commands, as in "
            "build: {commands: [npm ci, npm run build]}"
            for key in _written(_inner(spec.get("build")), "secrets", "network")
        ]
    if app["remove_data"]:
        errors.append("remove_data: has an effect only with state: absent; leave it out")
    if not app["watch"]["seconds"]:
        errors += [
            f"watch.{key}: has no effect with watch.seconds: 0, which watches nothing; leave one of the two out"
            for key in _written(_inner(spec.get("watch")), "error_percent", "errors")
        ]
    if app["dependency_keys"] and app["wheelhouse"]:
        errors.append("dependency_keys: has no effect with wheelhouse, which holds all; leave one of the two out")
    if app["dependency_keys"] and app["require_hashes"]:
        errors.append(
            "dependency_keys: has no effect with require_hashes, as what comes from a repository has no hash; leave "
            "one of the two out"
        )
    archive = _inner(spec.get("archive"))
    if archive.get("path") and archive.get("sha256"):
        errors.append(
            "archive.sha256: is for archive.url; a file of the controller has the checksum it has; leave it out"
        )
    if _inner(spec.get("index")).get("hosts") and app["sandbox"]["outgoing"] is None:
        errors.append(
            "index.hosts: has no effect without sandbox.outgoing, as builds reach every host then; leave it out, "
            "or write sandbox: {outgoing: [10.0.0.0/8]}"
        )
    if _written(_inner(spec.get("log")), "size") and app["log"]["journal"] == "host":
        errors.append(
            "log.size: has no effect with log.journal: host, whose size journald.conf(5) bounds for all that is logged "
            "there; leave one of the two out"
        )
    tls = _inner(spec.get("tls"))
    if tls.get("ciphers") is not None and app["tls"]["minimum_version"] == "1.3" and app["proxy"] == "none":
        errors.append(
            "tls.ciphers: are those of TLS 1.2, which tls.minimum_version: 1.3 turns off; leave one of the two out"
        )
    for name, process in app["processes"].items():
        if process.get("exclusive") and process["count"] != 1:  # one that is no dictionary has no options
            errors.append(
                f"processes.{name}.exclusive: one process at a time and count: {process['count']} contradict each "
                "other; leave one of the two out"
            )
    return errors


def _sizing(app: AppOptions, spec: Mapping[str, Json], variables: Mapping[str, EnvironmentValue]) -> list[str]:
    """Return the errors of options that compute a number of workers, if the number is fixed."""
    if app["workers"] == "auto" and VARIABLE not in variables:
        return []
    number, instead = f"workers: {app['workers']}", "write workers: auto"
    if VARIABLE in variables:
        source = "env" if VARIABLE in app["env"] else "env_file"
        number, instead = f"{VARIABLE} in {source}", f"take {VARIABLE} out of {source}"
    return [
        f"{key}: has no effect with {number}, which is the number whatever the host; leave {key} out, or {instead}"
        for key in _written(spec, "workload", "memory_per_worker")
    ]


def _site(app: AppOptions, site: Mapping[str, Json]) -> list[str]:
    """Return the errors of options of the site."""
    if app["proxy"] == "none":
        return []  # all of it is refused
    errors = []
    written = _written(_inner(site.get("hsts")), "max_age", "include_subdomains", "preload")
    if written and not app["site"]["hsts"]["enabled"]:
        errors.append(
            f"site.hsts.{written[0]}: has no effect with site.hsts.enabled: false; leave one of the two out, "
            "or write max_age: 0 to have browsers forget"
        )
    paths = [path for path in _inner(site.get("paths")).values() if isinstance(path, Mapping)]
    if app["site"]["users"] and not app["site"]["auth"] and not any(path.get("auth") for path in paths):
        errors.append(
            "site.users: no one is asked for a name; write site.auth: true, or auth: true for a path of site.paths"
        )
    bounded = any(path.get("streaming") is False and path.get("timeout") is None for path in paths)
    if _written(site, "timeout") and app["site"]["streaming"] and not bounded:
        errors.append(
            "site.timeout: has no effect with site.streaming: true, which lets the application be silent for an hour; "
            "leave it out, or write streaming: true for the paths that stream, in site.paths"
        )
    return errors


def _secrets(app: AppOptions, variables: Mapping[str, EnvironmentValue]) -> list[str]:
    """Return the errors of secrets that a variable of the same name replaces."""
    return [
        f"secrets: {name} is in {'env' if name in app['env'] else 'env_file'} as well; leave out one of the two"
        for name in sorted(app["secrets"])
        if name in variables
    ] + [
        f"build.secrets: {name} is in build.env as well; leave out one of the two"
        for name in sorted({*app["build"]["secrets"]} & {*app["build"]["env"]})
    ]
