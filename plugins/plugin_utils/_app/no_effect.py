"""Options that were written and would do nothing: refused, with what takes their place.

Only what the user wrote counts: a default says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._app import metadata_service
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sizing import VARIABLE


def without_effect(app: Mapping[str, Any], spec: Mapping[str, Any], variables: Mapping[str, object]) -> list[str]:
    """What has no effect beside the rest; each begins with the option's name.

    Args:
        app: resolved options, right on their own.
        spec: what the user wrote.
        variables: the application's environment.
    """
    if app["state"] == "absent":
        return []
    return [
        *_alone(app, spec),
        *_sizing(app, spec, variables),
        *_site(app, _inner(spec, "site")),
        *_secrets(app, variables),
        *metadata_service.errors(app["sandbox"]),
    ]


def _inner(spec: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = spec.get(key)
    return found if isinstance(found, Mapping) else {}


def _given(spec: Mapping[str, Any], *keys: str) -> list[str]:
    return [key for key in keys if spec.get(key) is not None]


def _alone(app: Mapping[str, Any], spec: Mapping[str, Any]) -> list[str]:
    errors = []
    if _given(spec, "release_timeout") and not app["release_command"]:
        errors.append(
            "release_timeout: has no effect without release_command; leave it out, "
            "or write release_command: alembic upgrade head"
        )
    if app["remove_data"]:
        errors.append("remove_data: has an effect with state: absent alone; leave it out")
    if not app["watch"]["seconds"]:
        errors += [
            f"watch.{key}: has no effect with watch.seconds: 0, which watches nothing; leave one of the two out"
            for key in _given(_inner(spec, "watch"), "error_percent", "errors")
        ]
    archive = _inner(spec, "archive")
    if archive.get("path") and archive.get("sha256"):
        errors.append(
            "archive.sha256: is for archive.url; a file of the controller has the checksum it has; leave it out"
        )
    if _inner(spec, "index").get("hosts") and app["sandbox"]["outgoing"] is None:
        errors.append(
            "index.hosts: has no effect without sandbox.outgoing, as builds reach every host then; leave it out, "
            "or write sandbox: {outgoing: [10.0.0.0/8]}"
        )
    if _given(_inner(spec, "log"), "size") and app["log"]["journal"] == "host":
        errors.append(
            "log.size: has no effect with log.journal: host, whose size journald.conf(5) bounds for all that is logged "
            "there; leave one of the two out"
        )
    tls = _inner(spec, "tls")
    if tls.get("ciphers") is not None and app["tls"]["minimum_version"] == "1.3" and app["proxy"] == "none":
        errors.append(
            "tls.ciphers: are those of TLS 1.2, which tls.minimum_version: 1.3 turns off; leave one of the two out"
        )
    for name, process in app["processes"].items():
        if isinstance(process, Mapping) and process.get("exclusive") is True and process.get("count", 1) != 1:
            errors.append(
                f"processes.{name}.exclusive: one process at a time and count: {process['count']} contradict each "
                "other; leave one of the two out"
            )
    return errors


def _sizing(app: Mapping[str, Any], spec: Mapping[str, Any], variables: Mapping[str, object]) -> list[str]:
    if app["workers"] == "auto" and VARIABLE not in variables:
        return []
    number, instead = f"workers: {app['workers']}", "write workers: auto"
    if VARIABLE in variables:
        source = "env" if VARIABLE in app["env"] else "env_file"
        number, instead = f"{VARIABLE} in {source}", f"take {VARIABLE} out of {source}"
    return [
        f"{key}: has no effect with {number}, which is the number whatever the host; leave {key} out, or {instead}"
        for key in _given(spec, "workload", "memory_per_worker")
    ]


def _site(app: Mapping[str, Any], site: Mapping[str, Any]) -> list[str]:
    if app["proxy"] == "none":
        return []  # all of it is refused
    errors = []
    given = _given(_inner(site, "hsts"), "max_age", "include_subdomains", "preload")
    if given and not app["site"]["hsts"]["enabled"]:
        errors.append(
            f"site.hsts.{given[0]}: has no effect with site.hsts.enabled: false; leave one of the two out, "
            "or write max_age: 0 to have browsers forget"
        )
    paths = [path for path in _inner(site, "paths").values() if isinstance(path, Mapping)]
    if app["site"]["users"] and not app["site"]["auth"] and not any(path.get("auth") for path in paths):
        errors.append(
            "site.users: nobody is asked for a name; write site.auth: true, or auth: true for a path of site.paths"
        )
    own = any(path.get("streaming") is False and path.get("timeout") is None for path in paths)
    if _given(site, "timeout") and app["site"]["streaming"] and not own:
        errors.append(
            "site.timeout: has no effect with site.streaming: true, which lets the application be silent for an hour; "
            "leave it out, or write streaming: true for the paths that stream, in site.paths"
        )
    return errors


def _secrets(app: Mapping[str, Any], variables: Mapping[str, object]) -> list[str]:
    return [
        f"secrets: {name} is in {'env' if name in app['env'] else 'env_file'} as well; leave out one of the two"
        for name in sorted(app["secrets"])
        if name in variables
    ]
