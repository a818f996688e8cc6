"""Indexes of an application that have some distributions each, checked; no other index can have these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import PackageIndexEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import normalised
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import (
    AppOptions,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.source_options import (
    PackageIndexOptions,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.source_validators import (
    extras,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import validators as checks
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import kind_of

_EXAMPLE = "team: {url: https://pypi.team.example.com/simple, packages: [team-core]}"


def packages(value: list[str]) -> str | None:
    """Return what is wrong with names of distributions."""
    if not extras(value):
        return None
    others = [item for item in value if extras([item])]
    return (
        f"found {', '.join(map(repr, others))}, expected names of distributions, as in packages: [team-core]; "
        "a pattern would leave it open which ones come from elsewhere"
    )


RULES: dict[str, checks.Rule] = {
    "url": checks.web_url,
    "username": checks.word,
    "password": checks.word,
    "packages": packages,
}


def resolve_indexes(app: Mapping[str, Json], where: str) -> tuple[dict[str, PackageIndexOptions], list[str]]:
    """Return the options of each index, and what is wrong with each by itself.

    Args:
        app: resolved options of the application, right or wrong.
        where: what precedes the name of an option in a message.
    """
    written = app.get("package_indexes")
    resolved: dict[str, PackageIndexOptions] = {}
    errors: list[str] = []
    for name, value in written.items() if isinstance(written, Mapping) else ():
        place = f"{where}package_indexes.{name}"
        if not checks.NAME.fullmatch(name):
            errors.append(
                f"{place}: found the name {name!r}, expected lower-case letters, digits and single hyphens, beginning "
                f"with a letter, as in {_EXAMPLE}"
            )
        if not isinstance(value, Mapping):
            errors.append(f"{place}: found {kind_of(value)}, expected a dictionary, as in {_EXAMPLE}")
            continue
        options, mistakes = resolve(
            role_options("app", "package_index"), value, f"{place}.", {"url": "https://pypi.team.example.com/simple"}
        )
        mistakes += [
            f"{place}.{key}: {error}"
            for key, rule in RULES.items()
            if options.get(key) is not None and (error := rule(options[key]))
        ]
        if options.get("password") and not options.get("username"):
            mistakes.append(f"{place}.username: is missing; expected who the password is of, as in username: __token__")
        resolved[name] = cast("PackageIndexOptions", options)
        errors += mistakes
    return resolved, errors


def package_index_errors(app: AppOptions, indexes: Mapping[str, PackageIndexOptions]) -> list[str]:
    """Return what is wrong with indexes together with each other and with other options.

    Args:
        app: options of the application.
        indexes: of the application, each right by itself.
    """
    if not indexes:
        return []
    errors = []
    main = app["index"]["url"] if app["index"] else None
    addresses = {"index": main.rstrip("/")} if main else {}
    owners: dict[str, str] = {}
    for name, index in indexes.items():
        address = index["url"].rstrip("/")
        if same := next((other for other, url in addresses.items() if url == address), None):
            errors.append(f"package_indexes.{name}.url: is that of {same}, too; leave one of the two out")
        addresses[name] = address
        for package in index["packages"]:
            owner = owners.setdefault(normalised(package), name)
            if owner != name:
                errors.append(
                    f"package_indexes.{name}.packages: {package} is of {owner}, too; expected each distribution to "
                    "come from one index"
                )
        if app["package"] and not index["packages"]:
            errors.append(
                f"package_indexes.{name}.packages: is missing, and a package has no lock that says what comes from "
                "there; expected names of distributions, as in packages: [team-core]"
            )
    if app["wheelhouse"]:
        errors.append(
            "package_indexes: is not read for a wheelhouse, which one index must have all of; write index, or leave "
            "wheelhouse out"
        )
    if app["installer"] == "pip":
        errors.append("package_indexes: is read by uv only; leave installer: pip out")
    return errors


def package_index_plan(app: AppOptions) -> list[PackageIndexEntry]:
    """Return the indexes, in the order of their names."""
    return [
        {
            "name": name,
            "url": index["url"],
            "username": index["username"],
            "password": index["password"],
            "packages": sorted(set(map(normalised, index["packages"]))),
        }
        for name, index in sorted(app["package_indexes"].items())
    ]
