"""Argument specs as the one source of options: read, validated and filled with defaults, on the controller."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypedDict, TypeVar, cast

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.common.yaml import yaml_load  # uses the parser in C if there is one: a tenth of the time
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpec, OptionSpecs

ROLES = Path(__file__).resolve().parents[3] / "roles"
KEYS_SHOWN = 8
ValueT = TypeVar("ValueT")
# Former names of options and variables: the present name, which may be an option of an option (`gate.path`), and the
# release that changed it. An entry stays as long as users may upgrade from a release that had the former name.
RENAMED: dict[str, tuple[str, str]] = {}
KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a dictionary",
}


class EntryPoint(TypedDict):
    """An entry point of a role."""

    options: dict[str, OptionSpec]


def role_options(role: str, entry: str = "main") -> dict[str, OptionSpec]:
    """Return the options of an entry point of a role, from its ``meta/argument_specs.yml``."""
    return _ENTRY_POINTS[role][entry]["options"]


def _entry_points(specs: Path) -> dict[str, EntryPoint]:
    """Return the entry points of a role by name."""
    entry_points: dict[str, EntryPoint] = yaml_load(specs.read_text(encoding="utf-8"))["argument_specs"]
    return entry_points


# Read when this module is imported, as templates are compiled: by the main process, before it forks one for each host.
_ENTRY_POINTS = {specs.parts[-3]: _entry_points(specs) for specs in ROLES.glob("*/meta/argument_specs.yml")}


def plain(value: ValueT) -> ValueT:
    """Return a copy made of Python's own dictionaries, lists and text, without the templating engine's wrappers."""
    if isinstance(value, Mapping):
        return cast("ValueT", {str(key): plain(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return cast("ValueT", [plain(item) for item in value])
    return cast("ValueT", str(value)) if isinstance(value, str) else value


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known word that `word` was most likely meant to be."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return matches[0] if matches else None


def renamed(key: str, known: Iterable[str]) -> str | None:
    """Return the message about a former name, if the present one is known."""
    present, release = RENAMED.get(key, ("", ""))
    first, *inner = present.split(".")
    if first not in known:
        return None
    written = f"{first}: " + "".join(f"{{{name}: " for name in inner) + "…" + "}" * len(inner)
    return f"was renamed to {present} in {release}; write {written}"


def unknown_key(key: str, known: OptionSpecs) -> str:
    """Return the message about a name that is not an option."""
    if former := renamed(key, known):
        return former
    meant = nearest(key, known)
    return "is not an option; " + (f"did you mean {meant}?" if meant else f"known are {', '.join(sorted(known))}")


def resolve(
    options: OptionSpecs,
    values: Mapping[str, Json],
    where: str = "",
    examples: Mapping[str, str] | None = None,
) -> tuple[dict[str, Json], list[str]]:
    """Return `values` with types converted and defaults filled in, and every mistake in them.

    `where` precedes the name of each option in a message; `examples` are shown for required options that are missing.

    Ansible's own validator gets one option at a time, so that every mistake is reported with its place. An option with
    a mistake has no value in the result.
    """
    resolved: dict[str, Json] = {}
    errors = [f"{where}{key}: {unknown_key(key, options)}" for key in values if key not in options]
    for key, option in options.items():
        value = values.get(key)
        inner = option.get("options")
        if value is None and option.get("required"):
            example = f", as in {key}: {examples[key]}" if examples and key in examples else ""
            errors.append(f"{where}{key}: is missing; expected {_expected(option)}{example}")
        elif value is None:
            default = plain(option.get("default"))
            resolved[key] = resolve(inner, default)[0] if inner and isinstance(default, Mapping) else default
        elif inner and isinstance(value, Mapping):
            resolved[key], inner_errors = resolve(inner, value, f"{where}{key}.")
            errors.extend(inner_errors)
        elif mistake := _mistake(option, value):
            errors.append(f"{where}{key}: {mistake}")
        else:
            resolved[key] = _validated(option, value).validated_parameters["value"]
    return {key: resolved.get(key) for key in options}, errors


def _mistake(option: OptionSpec, value: Json) -> str | None:
    """Return what is wrong with the type of a value."""
    kind = option.get("type", "str")
    shown = "a value that is not shown" if option.get("no_log") else repr(value)
    if kind == "str" and isinstance(value, (bool, float)):
        read_as = "true or false" if isinstance(value, bool) else "a number"
        return f"found {shown}, which YAML reads as {read_as}; put it in quotes"
    # The validator is generous: it makes text of lists, a dictionary of key=value text, and a number of true.
    strict = {
        "str": not isinstance(value, (Mapping, list)),
        "dict": isinstance(value, Mapping),
        "int": not isinstance(value, bool),
        "float": not isinstance(value, bool),
        "list": not isinstance(value, list) or all(_is_element(option, item) for item in value),
    }
    if not strict.get(kind, True) or _validated(option, value).error_messages:
        return f"found {shown}, expected {_expected(option)}"
    return None


def _is_element(option: OptionSpec, item: Json) -> bool:
    """Return whether a list of this option may hold the item."""
    if option.get("elements") == "dict":
        return isinstance(item, Mapping)
    return not isinstance(item, (Mapping, list))


def _validated(option: OptionSpec, value: Json) -> ValidationResult:
    """Return what Ansible's validator says of one value."""
    spec = {key: part for key, part in option.items() if key not in ("options", "required")}
    return ArgumentSpecValidator({"value": spec}).validate({"value": plain(value)})


def _expected(option: OptionSpec) -> str:
    """Return what an option takes, in words."""
    text = KINDS.get(option.get("type", "str"), str(option.get("type")))
    if option.get("type") == "list":
        elements = option.get("elements", "str")
        text += " of dictionaries" if elements == "dict" else f" of {KINDS.get(elements, 'text')}"
    if option.get("choices"):
        text = f"one of {', '.join(map(str, option['choices']))}"
    default = option.get("default")
    if inner := option.get("options"):
        text += f" with {', '.join(inner)}" if len(inner) <= KEYS_SHOWN else ""
    if isinstance(default, bool):
        return f"{text}, as in {str(default).lower()}"
    return f"{text}, as in {default!r}" if default not in (None, {}, [], "") else text
