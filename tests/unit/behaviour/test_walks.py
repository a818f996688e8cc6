"""The walks of CONTRIBUTING.md: their files are those that define the option, the role and the message."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.action import check
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.rules import RULES

from tests import ROOT
from tests.project import recipes

RESERVED = "which is the name of a unit of ours"
# Written by `make docs` from the argument specs.
GENERATED = re.compile(r"^roles/\w+/README\.md$")


def listed(title: str) -> set[str]:
    """Return the files that a walk lists, those of its folders included."""
    paths = re.findall(r"^- `([^`]+)`:", recipes.section(title, recipes.PAGE.read_text(encoding="utf-8")), re.MULTILINE)
    assert paths
    for path in paths:
        assert (ROOT / path).exists(), f"{title}: {path} is not there"
    return {file for path in paths for file in (code(path) if path.endswith("/") else [path])}


def code(*folders: str) -> list[str]:
    """Return the files of folders, without those that are generated."""
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    files = (str(path.relative_to(ROOT)) for path in paths if path.suffix != ".pyc")
    return [file for file in files if not GENERATED.match(file)]


def test_the_option() -> None:
    """By its name, and by what the plan makes of it."""
    names = re.compile(r"\bdrain_(timeout|limit)\b")
    actual = {file for file in code("plugins", "roles") if names.search((ROOT / file).read_text(encoding="utf-8"))}
    assert listed("The option drain_timeout") == actual


def test_the_role() -> None:
    """By its folders, and by who imports from them."""
    own = {file for file in code("plugins", "roles") if {"nginx", "_nginx"} & set(Path(file).parts[:3])}
    package = "ansible_collections.asgi.deploy.plugins.plugin_utils._nginx"
    importing = {
        file
        for file in code("plugins")
        if file.endswith(".py")
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(package)
    }
    assert len(own) > 10
    assert listed("The role nginx") == own | importing


def test_the_message(inventory: dict[str, Any], here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the functions that are under way when it is made, and by where the rule is attached to the option."""
    inventory["asgi_apps"][0]["name"] = "nginx"
    under_way: list[set[str]] = []

    def watch(frame: FrameType, event: str, value: Any) -> None:
        if event == "return" and isinstance(value, str) and RESERVED in value and not under_way:
            under_way.append(set(files(frame)))

    host = here(**inventory)
    sys.setprofile(watch)
    try:
        errors = check.find_errors(host, {"apps": None, "needs": [], "wheelhouse": True, "change": {}})
    finally:
        sys.setprofile(None)
    assert any(RESERVED in error for error in errors)
    rules = next(file for file in code("plugins") if file.endswith("_app/rules.py"))
    assert RULES["name"].__module__.endswith("_common.validators")
    assert listed("The message that a name is reserved") == under_way[0] | {rules}


def files(frame: FrameType | None) -> Any:
    """Yield the files of the collection whose functions are under way, as paths below its top."""
    while frame:
        path = Path(frame.f_code.co_filename).resolve()
        if path.is_relative_to(ROOT / "plugins"):
            yield str(path.relative_to(ROOT))
        frame = frame.f_back
