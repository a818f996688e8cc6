"""Extra variables, which a user gives a single run with -e: their types, their playbooks, and their errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.log_levels import LEVELS
from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpec
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.shared_domains import place_of
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import http_proxy
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import (
    nearest,
    renamed,
    resolve,
    role_options,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import sanitize
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import like_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import HOST_ROLES, ROLES

OUR_PREFIXES = tuple(role.prefix for role in ROLES)
_YES_OR_NO = ("true", "false", "yes", "no", "on", "off", "1", "0")  # as the filter bool reads them


class Variable(NamedTuple):
    """An extra variable."""

    playbooks: tuple[str, ...]  # those that read it; empty for all
    option: OptionSpec  # its type, as in an argument spec
    example: str
    meaning: str


_TEXT: OptionSpec = {"type": "str"}
_WHOLE: OptionSpec = {"type": "int"}
_BOOL: OptionSpec = {"type": "bool"}
_ANY: OptionSpec = {"type": "raw"}

VARIABLES = {
    "asgi_hosts": Variable(
        (), _ANY, "asgi_hosts=web1.example.com", "the hosts or groups that it is for, instead of the group `asgi`"
    ),
    "asgi_app": Variable((), _TEXT, "asgi_app=shop", "one application instead of all; `exec` and `remove` need it"),
    "asgi_version": Variable(("release",), _ANY, "asgi_version=v1.5.0", "another version than the inventory's"),
    "asgi_urgent": Variable(
        ("release",),
        _BOOL,
        "asgi_urgent=true",
        "`true` skips the watch and its wait for kept connections, never the gate; `false` by default",
    ),
    "asgi_release": Variable(
        ("rollback",),
        _TEXT,
        "asgi_release=v1.4.2-1a2b3c4d",
        "the release to go back to, as `status` and `releases/` name them, instead of the last that served well",
    ),
    "asgi_command": Variable(("exec",), _TEXT, "\"asgi_command='python -m shop.users list'\"", "what is run"),
    "asgi_command_timeout": Variable(
        ("exec",), _WHOLE, "asgi_command_timeout=600", "for how many seconds it may run at most, 3600 by default"
    ),
    "asgi_maintenance": Variable(
        ("maintenance",),
        _BOOL,
        "asgi_maintenance=true",
        "`true` closes the applications for visitors, `false` opens them",
    ),
    "asgi_remove_data": Variable(
        ("remove",), _BOOL, "asgi_remove_data=true", "whether what the application stored goes, too; `false` by default"
    ),
    "asgi_format": Variable(
        ("plan", "status"),
        {"type": "str", "choices": ["table", "json"]},
        "asgi_format=json",
        "`json` for what was found as data, instead of text to be read",
    ),
    "asgi_file": Variable(
        ("plan", "status"),
        _TEXT,
        "asgi_file=status.json",
        "a file on the controller to write that data to, for programs",
    ),
    "asgi_verify": Variable(
        ("plan", "site", "release", "status"),
        _BOOL,
        "asgi_verify=true",
        "whether all files of releases are read, and not only those whose times show a change",
    ),
    "asgi_page": Variable(("status",), _TEXT, "asgi_page=status.html", "a file on the controller to write a page to"),
    "asgi_lines": Variable(
        ("logs",), _WHOLE, "asgi_lines=50", "records of each application and host at most, the last ones; 50 by default"
    ),
    "asgi_minutes": Variable(("logs",), {"type": "float"}, "asgi_minutes=30", "how far to look back; by default all"),
    "asgi_level": Variable(
        ("logs",),
        {"type": "str", "choices": list(LEVELS)},
        "asgi_level=warning",
        "the lowest level: `debug`, the default, `info`, `warning`, `error` or `critical`",
    ),
    "asgi_request": Variable(
        ("logs",),
        _TEXT,
        "asgi_request=5f0c6f2b1d5e4e0c8f0b2f6a1c9d7e3a",
        "the `X-Request-ID` of an answer: all that was logged for it",
    ),
    "asgi_access": Variable(
        ("logs",), _BOOL, "asgi_access=true", "nginx's line for each request as well; `false` by default"
    ),
    "asgi_follow": Variable(
        ("logs",), _WHOLE, "asgi_follow=60", "seconds to go on for, with what comes; of one application"
    ),
}
# These belong to the inventory and have rules of their own.
KNOWN = {"asgi_apps", "asgi_like", *http_proxy.VARIABLES, *VARIABLES}


def run_errors(variables: Mapping[str, Json], apps: Sequence[str], needs: Collection[str] = ()) -> list[str]:
    """Return all errors in extra variables.

    Args:
        variables: the host's, with those of the run.
        apps: the names of its applications.
        needs: the variables that this playbook requires.
    """
    errors = misspelt(variables)
    if "asgi_like" in variables:
        errors += like_errors(variables["asgi_like"])
    for name, variable in VARIABLES.items():
        value = variables.get(name)
        as_in = f"as in -e {variable.example}"
        if name in needs and str("" if value is None else value).strip() == "":
            among = f", one of {', '.join(apps)}" if name == "asgi_app" else f", {as_in}"
            errors.append(f"{name}: is missing; this playbook needs it{among}")
        elif value is not None and (error := _type_error(name, value, variable.option)):
            errors.append(f"{error}, {as_in}")
        elif name == "asgi_app" and value is not None and value not in apps:
            errors.append(f"{name}: found {value}, expected one of {', '.join(apps)}")
    return list(map(sanitize, errors))


def requested_apps(apps: Sequence[Mapping[str, Json]], name: str | None) -> list[str]:
    """Return the names of the applications that a run is for: the one that is named, or all that must be present."""
    return [name] if name else [str(app["name"]) for app in apps if app.get("state") != "absent"]


def orphans(names: Sequence[str], apps: Sequence[Mapping[str, Json]]) -> list[str]:
    """Return why applications cannot be removed by themselves: others are in their server."""
    errors = []
    for app in apps:
        place = place_of(app, apps)
        others = [other for other in place["below"] if other not in names]
        if app["name"] in names and place["owns"] and others:
            errors.append(
                f"asgi_app: {app['name']} has the server that {', '.join(others)} is below; "
                "take it out of asgi_apps, or write state: absent there, and run site.yml, which gives them another one"
            )
    return errors


def _type_error(name: str, value: Json, option: OptionSpec) -> str | None:
    """Return the error of a value of another type."""
    if option["type"] == "bool":  # the validator accepts more values than the filter bool does
        return None if str(value).lower() in _YES_OR_NO else f"{name}: found {value!r}, expected true or false"
    _resolved, errors = resolve({name: option}, {name: value})
    return errors[0] if errors else None


def misspelt(variables: Mapping[str, Json]) -> list[str]:
    """Return the errors of variables that resemble one of this collection; others with its prefixes are allowed."""
    known = KNOWN.union(*(role_options(role.name) for role in HOST_ROLES))
    errors = []
    for key in variables:
        if key in known or not str(key).startswith(OUR_PREFIXES):
            continue
        if former := renamed(key, known):
            errors.append(f"{key}: {former}")
        elif meant := nearest(str(key), known, cutoff=0.85):
            errors.append(f"{key}: is not a variable of asgi.deploy; did you mean {meant}?")
    return errors
