"""Compares the TypedDict of options with their argument spec."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

_KINDS = {"str": (str,), "int": (int,), "float": (float, int), "bool": (bool,)}


def type_errors(options: Mapping[str, Any], shape: Any, where: str = "") -> Iterator[str]:
    """Yield what differs between options of an argument spec and the TypedDict of their resolved values.

    Args:
        options: of the spec, by name.
        shape: the TypedDict.
        where: what precedes an option's name.
    """
    hints = get_type_hints(shape)
    yield from (f"{where}{name}: has no type in {shape.__name__}" for name in options.keys() - hints.keys())
    yield from (f"{where}{name}: is no option, but is in {shape.__name__}" for name in hints.keys() - options.keys())
    for name in options.keys() & hints.keys():
        yield from _option_errors(options[name], hints[name], f"{where}{name}")


def _option_errors(option: Mapping[str, Any], hint: Any, where: str) -> Iterator[str]:
    choices = [each for each in get_args(hint) if each is not types.NoneType] if _is_union(hint) else [hint]
    optional = len(choices) < len(get_args(hint)) if _is_union(hint) else False
    if optional != (option.get("default") is None and not option.get("required")):
        yield f"{where}: {'may' if optional else 'can not'} be None in its type, and the spec says otherwise"
    kind = option.get("type", "str")
    if kind == "dict":
        (inner,) = choices
        if not option.get("options"):
            if get_origin(inner) is not dict:
                yield f"{where}: found {inner}, expected a dictionary"
        elif is_typeddict(inner):
            yield from type_errors(option["options"], inner, f"{where}.")
        else:
            yield f"{where}: found {inner}, expected a TypedDict"
    elif kind == "list":
        (inner,) = choices
        (element,) = get_args(inner) or (None,)
        if option.get("elements") == "dict" and is_typeddict(element):
            # What the elements lack has no default in a resolved list.
            names = option.get("options", {}).keys() ^ get_type_hints(element).keys()
            yield from (f"{where}[].{name}: is not in both {element.__name__} and the spec" for name in sorted(names))
        elif get_origin(inner) is not list or element is not _KINDS[option.get("elements", "str")][0]:
            yield f"{where}: found {inner}, expected a list of {option.get('elements', 'str')}"
    elif option.get("choices"):
        values = [value for each in choices if get_origin(each) is Literal for value in get_args(each)]
        if values != option["choices"]:
            yield f"{where}: found {values}, expected {option['choices']}"
    elif set(choices) - set(_KINDS[kind]):
        yield f"{where}: found {hint}, expected {kind}"


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)
