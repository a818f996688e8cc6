"""One entry of asgi_apps: its options with their defaults, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import (
    additions,
    environment,
    python_archives,
    shared_domains,
    sites,
    sizing,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.background import resolve_work
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.no_effect import ineffective_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions, PathOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.package_indexes import (
    package_index_errors,
    resolve_indexes,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.rules import PATH, RULES, SAMPLES
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.server_settings import refused
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.servers import (
    lock_errors,
    requirements,
    setting_errors,
    version_errors,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.source_options import EnvironmentValue
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sources import source_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.transports import transport_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import local_files
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import ROLES, resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import sanitize
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import rule_errors


class CheckedEntry(NamedTuple):
    """An entry with its defaults, and what is wrong with it."""

    values: dict[str, Json]  # of all options; one that is wrong has none
    errors: list[str]
    variables: dict[str, EnvironmentValue]  # the environment, from `env` and `env_file`

    @property
    def options(self) -> AppOptions:
        """Return the options of an entry without errors."""
        return cast("AppOptions", self.values)


def app_options() -> OptionSpecs:
    """Return the specs of the options of an entry."""
    options: OptionSpecs = role_options("app")["app_spec"]["options"]
    return options


def lock_inputs(needed: Sequence[str]) -> tuple[str, Sequence[str], Sequence[str]]:
    """Return the collection's own lock, the requirements that serve this application, and those that serve any."""
    text = (ROLES / "app" / "files" / "server.txt").read_text(encoding="utf-8")
    return text, needed, cast("list[str]", app_options()["server_requirements"]["default"])


def check_entry(spec: Mapping[str, Json], where: str, contents: local_files.Contents | None) -> CheckedEntry:
    """Return the entry with its defaults, and what is wrong with it.

    Args:
        spec: what the user wrote of the application.
        where: what precedes the name of an option in a message.
        contents: texts of files on the controller that the entry names.
    """
    settings = spec.get("settings")
    reasons = refused(settings)
    unknown = [f"{where}settings.{name}: is no setting of a release: {reason}" for name, reason in reasons.items()]
    if isinstance(settings, Mapping) and reasons:
        spec = {**spec, "settings": {name: value for name, value in settings.items() if name not in reasons}}
    if isinstance(commands := spec.get("build"), list):
        spec = {**spec, "build": {"commands": commands}}
    for option in ("package", "release_command"):
        if isinstance(text := spec.get(option), str):  # Ansible would split it at commas
            spec = {**spec, option: [text]}
    if isinstance(mirror := spec.get("python_mirror"), str):
        spec = {**spec, "python_mirror": {"url": mirror}}
    resolved, errors = resolve(app_options(), spec, where, SAMPLES)
    errors += rule_errors(RULES, resolved, where) + source_errors(resolved, spec, where)
    work, work_errors = resolve_work(resolved, where)
    paths, path_errors = sites.resolve_paths(resolved, PATH, where)
    indexes, index_errors = resolve_indexes(resolved, where)
    errors += [*path_errors, *index_errors]
    variables, contradictions = environment.variables_of(resolved, contents)
    contradictions += local_files.unreadable(resolved, contents)
    entry = CheckedEntry({**resolved, "processes": work["processes"], "jobs": work["jobs"]}, [], variables)
    entry.values["package_indexes"] = cast("Json", indexes)
    if not errors:  # options that are right by themselves
        options = entry.options
        if options["gate"]["path"] == shared_domains.WHOLE:
            options["gate"]["path"] = f"{shared_domains.prefix(options['site']['path'])}/"
        errors += setting_errors(options, spec, where)
        contradictions += _contradictions(options, spec, variables, paths)
        options["site"]["paths"] = paths
    errors = [*unknown, *errors, *work_errors, *(f"{where}{text}" for text in contradictions)]
    return entry._replace(errors=list(map(sanitize, errors)))


def _contradictions(
    options: AppOptions,
    spec: Mapping[str, Json],
    variables: Mapping[str, EnvironmentValue],
    paths: Mapping[str, PathOptions],
) -> list[str]:
    """Return what is wrong with options together that are right by themselves; each begins with an option's name."""
    errors = [*additions.tree_errors(options), *sizing.sizing_errors(options, variables)]
    errors += version_errors(options)
    if options["require_hashes"]:
        lock, needed, _default = lock_inputs(requirements(options["server_requirements"], options))
        errors += lock_errors(lock, needed)
    errors += ineffective_options(options, spec, variables)
    errors += package_index_errors(options, options["package_indexes"])
    errors += transport_errors(options) + python_archives.mirror_errors(options)
    return errors + sites.site_errors(options, paths, bool(spec.get("site")))
