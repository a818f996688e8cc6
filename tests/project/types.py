"""Count the places of plugins that have no type: explicit Any, aliases of it, and object in the place of a type.

``python -m tests.project.types`` names each of them. pyproject.toml lists the modules that may have some, each with its
reason; mypy refuses an explicit Any elsewhere.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tomllib

from tests import ROOT

PLUGINS = ROOT / "plugins"
PACKAGE = "ansible_collections.asgi.deploy.plugins"
PYPROJECT = ROOT / "pyproject.toml"
MOST = 40
UNTYPED = frozenset({"Any", "object"})
_ENTRY = re.compile(rf'^    "{re.escape(PACKAGE)}\.([\w.]+)",(.*)$', re.MULTILINE)


class Place(NamedTuple):
    """A place without a type."""

    module: str  # its dotted name below plugins
    line: int
    name: str


def places() -> list[Place]:
    """Return all places of plugins without a type."""
    trees = {_module(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PLUGINS.rglob("*.py"))}
    names = UNTYPED | {alias for tree in trees.values() for alias in aliases(tree)}
    return [Place(module, line, name) for module, tree in trees.items() for line, name in untyped(tree, names)]


def aliases(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module gives to types that hold Any or object."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, statement.value
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            if "TypeAlias" not in ast.unparse(statement.annotation) or statement.value is None:
                continue
            name, value = statement.target.id, statement.value
        else:
            continue
        is_type = isinstance(value, (ast.Subscript, ast.BinOp, ast.Name)) or isinstance(statement, ast.AnnAssign)
        if is_type and UNTYPED.intersection(_names(value)):
            yield name


def untyped(tree: ast.Module, names: frozenset[str] = UNTYPED) -> Iterator[tuple[int, str]]:
    """Yield the lines and names where a type is one of these names, or holds one."""
    for node in ast.walk(tree):
        for expression in _types(node):
            for name in _names(expression):
                if name in names:
                    yield expression.lineno, name


def exceptions() -> dict[str, str]:
    """Return the modules that may have places without a type, as pyproject.toml lists them, with their reasons."""
    return {module: rest.strip().removeprefix("#").strip() for module, rest in _ENTRY.findall(PYPROJECT.read_text())}


def settings() -> dict[str, bool]:
    """Return whether mypy allows an explicit Any, by the pattern of modules."""
    overrides = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["tool"]["mypy"]["overrides"]
    return {
        module: not override["disallow_any_explicit"]
        for override in overrides
        if "disallow_any_explicit" in override
        for module in ([override["module"]] if isinstance(override["module"], str) else override["module"])
    }


def _types(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions of a node that are types: annotations, types of casts, and values of aliases."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
        yield node.returns
    if isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None:
        yield node.annotation
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cast":
        yield node.args[0]
    if isinstance(node, ast.Module):
        for statement in node.body:
            if isinstance(statement, (ast.Assign, ast.AnnAssign)) and isinstance(statement.value, ast.Subscript):
                yield statement.value


def _names(expression: ast.expr) -> Iterator[str]:
    """Yield the names in a type, also in one that is written as text; `Callable[..., X]` counts as Any."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isprintable():
            try:
                yield from _names(ast.parse(node.value, mode="eval").body)
            except SyntaxError:
                continue
        elif isinstance(node, ast.Constant) and node.value is ...:
            yield from () if _is_tuple(expression, node) else ("Any",)


def _is_tuple(expression: ast.expr, ellipsis: ast.Constant) -> bool:
    """Return whether the dots belong to `tuple[X, ...]`."""
    return any(
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Tuple)
        and node.slice.elts[-1] is ellipsis
        and len(node.slice.elts) > 1
        and ast.unparse(node.value) == "tuple"
        for node in ast.walk(expression)
    )


def _module(path: Path) -> str:
    """Return the dotted name of a module below plugins."""
    return ".".join(path.relative_to(PLUGINS).with_suffix("").parts)


def main() -> int:
    """Print all places, and return 1 if there are too many."""
    result = places()
    for place in result:
        print(f"plugins/{place.module.replace('.', '/')}.py:{place.line}: {place.name}")
    print(f"{len(result)} places without a type, at most {MOST} are allowed")
    return len(result) > MOST


if __name__ == "__main__":
    sys.exit(main())
