"""Fixed paths of a host, which are written in layout.py only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TypeGuard

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared import layout

OWN = Path(layout.__file__).resolve()
ROOT = OWN.parents[3]
FIXED = sorted({str(value) for value in vars(layout).values() if isinstance(value, PurePosixPath)})
# As whole components: neither /var/lib/asgi of /var/lib/asgi-storage, nor /etc/systemd/system of its neighbour .conf.d.
LITERAL = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, FIXED))})(?![\w-]|\.\w)")
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


def _documents(node: ast.AST) -> TypeGuard[ast.Expr | ast.Assign]:
    """Return whether a statement is a docstring, or the documentation of a module."""
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id in DOCUMENTATION for target in node.targets)
    return isinstance(node, ast.Expr)


def literals(text: str) -> Iterator[str]:
    """Yield the fixed paths in the strings of a Python text, leaving out documentation."""
    tree = ast.parse(text)
    documented = {node.value for node in ast.walk(tree) if _documents(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documented:
            yield from LITERAL.findall(node.value)


PYTHON = [path for path in sorted((ROOT / "plugins").rglob("*.py")) if path != OWN]
TEMPLATES = sorted((ROOT / "roles").glob("*/templates/**/*.j2"))


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_plugins(path: Path) -> None:
    actual = list(literals(path.read_text(encoding="utf-8")))
    assert not actual, f"import {', '.join(actual)} from _shared/layout.py"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates(path: Path) -> None:
    actual = LITERAL.findall(path.read_text(encoding="utf-8"))
    assert not actual, f"write {', '.join(actual)} as plan.paths, and add it to PATHS in _shared/layout.py"


@pytest.mark.parametrize(
    ("text", "actual"),
    [
        ('PENDING = Path("/var/lib/asgi-deploy/pending")', ["/var/lib/asgi-deploy"]),
        ('name = f"/srv/asgi/{app}"', ["/srv/asgi"]),
        ('"""Of /srv/asgi."""', []),
        ('DOCUMENTATION = "C(/srv/asgi)"', []),
        ('a = "/etc/systemd/system.conf.d/60-asgi-hardening.conf"', []),
        ('a = "/var/lib/asgi-data"', []),
    ],
)
def test_what_counts(text: str, actual: list[str]) -> None:
    assert list(literals(text)) == actual


def test_names_of_paths_are_those_of_the_constants() -> None:
    assert {name: str(getattr(layout, name.upper())) for name in layout.PATHS} == layout.PATHS
