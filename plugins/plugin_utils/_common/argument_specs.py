"""Argument specs as the one source of options: read, validated and filled with defaults, on the controller."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.yaml import yaml_load  # in C where that is there: a tenth of the time

ROLES = Path(__file__).resolve().parents[3] / "roles"
KEYS_SHOWN = 8
# Former names of options and variables: the present one, which may be an option of an option (`gate.path`), and the
# release that changed it. An entry stays as long as somebody may come from a release that had the former name.
RENAMED: dict[str, tuple[str, str]] = {}
KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a dictionary",
}


def role_options(role: str, entry: str = "main") -> dict[str, Any]:
    """The options of an entry point of a role, as its ``meta/argument_specs.yml`` has them."""
    options: dict[str, Any] = _ENTRY_POINTS[role][entry]["options"]
    return options


def _entry_points(specs: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml_load(specs.read_text(encoding="utf-8"))["argument_specs"]
    return found


# Read when this is imported, as templates are compiled: by the main process, before it forks one for each host.
_ENTRY_POINTS = {specs.parts[-3]: _entry_points(specs) for specs in ROLES.glob("*/meta/argument_specs.yml")}


def plain(value: Any) -> Any:
    """A copy made of Python's own dictionaries, lists and text, without the templating engine's wrappers."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that `word` was most likely meant to be."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return found[0] if found else None


def renamed(key: str, known: Iterable[str]) -> str | None:
    """What is said of a former name, where the present one is known."""
    present, release = RENAMED.get(key, ("", ""))
    first, *inner = present.split(".")
    if first not in known:
        return None
    written = f"{first}: " + "".join(f"{{{name}: " for name in inner) + "…" + "}" * len(inner)
    return f"was renamed to {present} in {release}; write {written}"


def unknown_key(key: str, known: Mapping[str, Any]) -> str:
    if former := renamed(key, known):
        return former
    meant = nearest(key, known)
    return "is not an option; " + (f"did you mean {meant}?" if meant else f"known are {', '.join(sorted(known))}")


def resolve(
    options: Mapping[str, Any],
    values: Mapping[str, Any],
    where: str = "",
    examples: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """`values` with types converted and defaults filled in, and all that is wrong with them.

    `where` precedes each option's name in a message; `examples` are shown for required options that are missing.

    Each option is handed to Ansible's own validator alone, so that every mistake is reported, and where it is. What is
    wrong has no value in the result.
    """
    resolved: dict[str, Any] = {}
    errors = [f"{where}{key}: {unknown_key(key, options)}" for key in values if key not in options]
    for key, option in options.items():
        found = values.get(key)
        inner = option.get("options")
        if found is None and option.get("required"):
            example = f", as in {key}: {examples[key]}" if examples and key in examples else ""
            errors.append(f"{where}{key}: is missing; expected {_expected(option)}{example}")
        elif found is None:
            default = plain(option.get("default"))
            resolved[key] = resolve(inner, default)[0] if inner and isinstance(default, Mapping) else default
        elif inner and isinstance(found, Mapping):
            resolved[key], wrong = resolve(inner, found, f"{where}{key}.")
            errors.extend(wrong)
        elif mistake := _mistake(option, found):
            errors.append(f"{where}{key}: {mistake}")
        else:
            resolved[key] = _validated(option, found).validated_parameters["value"]
    return {key: resolved.get(key) for key in options}, errors


def _mistake(option: Mapping[str, Any], found: Any) -> str | None:
    kind = option.get("type", "str")
    shown = "a value that is not shown" if option.get("no_log") else repr(found)
    if kind == "str" and isinstance(found, (bool, float)):
        read_as = "true or false" if isinstance(found, bool) else "a number"
        return f"found {shown}, which YAML reads as {read_as}; put it in quotes"
    # The validator is generous: it makes text of lists, a dictionary of key=value text, and a number of true.
    meant = {
        "str": not isinstance(found, (Mapping, list)),
        "dict": isinstance(found, Mapping),
        "int": not isinstance(found, bool),
        "float": not isinstance(found, bool),
        "list": not isinstance(found, list) or all(_is_element(option, item) for item in found),
    }
    if not meant.get(kind, True) or _validated(option, found).error_messages:
        return f"found {shown}, expected {_expected(option)}"
    return None


def _is_element(option: Mapping[str, Any], item: Any) -> bool:
    if option.get("elements") == "dict":
        return isinstance(item, Mapping)
    return not isinstance(item, (Mapping, list))


def _validated(option: Mapping[str, Any], found: Any) -> Any:
    alone = {key: value for key, value in option.items() if key not in ("options", "required")}
    return ArgumentSpecValidator({"value": alone}).validate({"value": plain(found)})


def _expected(option: Mapping[str, Any]) -> str:
    """What an option takes, in words."""
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
