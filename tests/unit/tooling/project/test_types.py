"""Plugins have types, except at a few edges that pyproject.toml lists."""

from __future__ import annotations

import ast

import pytest

from tests.project import types
from tests.project.types import PACKAGE, UNTYPED, aliases, exceptions, places, settings, untyped


def test_mypy_refuses_explicit_any_except_in_the_listed_modules() -> None:
    listed = {f"{PACKAGE}.{module}": True for module in exceptions()}
    assert settings() == {f"{PACKAGE}.*": False, **listed}


def test_every_listed_module_has_its_reason_and_needs_it() -> None:
    assert all(exceptions().values())
    assert {place.module for place in places() if place.name in UNTYPED} == set(exceptions())


def test_few_places_have_no_type() -> None:
    assert len(places()) <= types.MOST


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("def f(a: Any, *b: dict[str, Any], **c: object) -> list[Any]: ...", 4),
        ("a: dict[str, 'Any'] = {}", 1),
        ("b = cast('dict[str, Any]', a)", 1),
        ("def f(a: Callable[..., int]) -> None: ...", 1),
        ("def f(a: tuple[int, ...]) -> tuple[str, ...]: ...", 0),
        ("class A:\n    b: Mapping[str, object]", 1),
        ("def f(a: str) -> int:\n    '''Any object.'''\n    return object()", 0),
    ],
)
def test_places_are_counted(code: str, count: int) -> None:
    assert len(list(untyped(ast.parse(code)))) == count


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("Rule = Callable[[Any], str]", ["Rule"]),
        ("Plan: TypeAlias = 'dict[str, Any]'", ["Plan"]),
        ("Value = Any", ["Value"]),
        ("Either = object | None", ["Either"]),
        ("LIMIT: Any = 5", []),
        ("Names = dict[str, str]", []),
        ("text = 'Any'", []),
    ],
)
def test_aliases_are_found(code: str, names: list[str]) -> None:
    assert list(aliases(ast.parse(code))) == names


def test_an_alias_counts_where_it_is_used() -> None:
    tree = ast.parse("def f(rules: Mapping[str, Rule]) -> None: ...")
    assert [name for _line, name in untyped(tree, UNTYPED | {"Rule"})] == ["Rule"]


def test_the_command_fails_if_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    assert types.main() == 0
    monkeypatch.setattr(types, "MOST", 0)
    assert types.main() == 1
