"""Compares the fields that templates of a role read with the TypedDict of its plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

from jinja2 import Environment, nodes

from tests import ROOT


def field_errors(role: str, names: Mapping[str, Any]) -> list[str]:
    """Return an error for each field that a template reads and that its shape does not have.

    Args:
        role: the name of the role.
        names: shapes by the names that templates call them, such as `plan`.
    """
    return [error for path in _templates(role) for error in template_errors(path.read_text(encoding="utf-8"), names)]


def template_errors(text: str, names: Mapping[str, Any]) -> list[str]:
    """Return an error for each field that a text of a template reads and that its shape does not have."""
    return list(_errors(Environment(autoescape=True).parse(re.sub(r"\|\s*regex_escape", "", text)), names))


def unread_fields(role: str, plan: Any, options: Any) -> set[str]:
    """Return the fields of a plan, apart from options, that neither templates nor plugins read."""
    texts = [path.read_text(encoding="utf-8") for path in (*_templates(role), *(ROOT / "plugins").rglob("*.py"))]
    patterns = (r"plan\.(\w+)", r"(?:\[|get\()[\"'](\w+)[\"']")
    read = {name for text in texts for pattern in patterns for name in re.findall(pattern, text)}
    return get_type_hints(plan).keys() - get_type_hints(options).keys() - read


def _templates(role: str) -> Iterator[Path]:
    yield from sorted((ROOT / "roles" / role / "templates").iterdir())


def _errors(node: nodes.Node, names: Mapping[str, Any]) -> Iterator[str]:
    """Yield the errors of a node and of all that is in it; a loop gives its name to an element of a list."""
    if isinstance(node, nodes.For) and isinstance(node.target, nodes.Name):
        names = {**names, node.target.name: _element(_shape(node.iter, names))}
    if isinstance(node, nodes.Getattr):
        shape = _shape(node.node, names)
        if is_typeddict(shape) and node.attr not in get_type_hints(shape):
            yield f"{shape.__name__} has no {node.attr}"
    for child in node.iter_child_nodes():
        yield from _errors(child, names)


def _shape(node: nodes.Node, names: Mapping[str, Any]) -> Any:
    """Return the shape of an expression; None where it is no field."""
    if isinstance(node, nodes.Name):
        return names.get(node.name)
    if isinstance(node, nodes.Getattr) and is_typeddict(shape := _shape(node.node, names)):
        return _without_none(get_type_hints(shape).get(node.attr))
    return None


def _element(shape: Any) -> Any:
    return get_args(shape)[0] if get_origin(shape) is list else None


def _without_none(hint: Any) -> Any:
    choices = [choice for choice in get_args(hint) if choice is not NoneType]
    return choices[0] if len(choices) == 1 and NoneType in get_args(hint) else hint
