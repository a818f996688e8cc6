"""Comments and docstrings are no code, in all that the collection ships; everything else is."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.code_text import (
    MARK,
    code_of,
    lines_of_code,
    python_code,
)

from tests import ROOT

RUNTIME = sorted((ROOT / "roles" / "app" / "files").rglob("*.py"))
# What renews certificates is some of the code for hosts; the rules must hold for all of it.
PYTHON = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in [*RUNTIME, *sorted((ROOT / "plugins" / "module_utils").rglob("*.py"))]
}
IGNORED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING, tokenize.INDENT, tokenize.DEDENT}


def docstrings(text: str) -> set[tuple[int, int]]:
    """Return where the docstrings of a Python file begin, as line and column."""
    scopes = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, scopes) and ast.get_docstring(node, False)]
    return {(node.body[0].lineno, node.body[0].col_offset) for node in nodes}


def tokens(text: str, without: set[tuple[int, int]] | None = None) -> list[tuple[str, int]]:
    """Return the tokens of a Python file with their columns, apart from comments, and what begins at these places."""
    result = tokenize.generate_tokens(io.StringIO(text).readline)
    kept = [token for token in result if token.type not in IGNORED and token.start not in (without or set())]
    return [(token.string, token.start[1]) for token in kept]


@pytest.mark.parametrize("name", PYTHON)
def test_the_code_of_a_python_file_is_all_its_tokens(name: str) -> None:
    text = PYTHON[name]
    code = python_code(text)
    assert tokens(code) == tokens(text, docstrings(text))
    assert python_code(code) == code


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1\n", "# why\nx = 1  # as it is\n\n\n"),
        (
            "def f():\n    return 1\n",
            'def f():  # noqa\n\n    """Return\n\n    1: \'it\'."""\n    # one\n    return 1\n',
        ),
        ("x = 1", '#!/usr/bin/python3\n"""A module."""\n\n\nx = 1\n# end'),
        ("class A:\n    x: int\n", 'class A:\n    """A shape."""\n\n    x: int  # seconds\n'),
        ('def f(x="#"):\n    return x\n', 'def f(x="#"):\n    "Return it."\n    return x\n'),
    ],
)
def test_comments_docstrings_and_blank_lines_are_no_code(one: str, other: str) -> None:
    assert python_code(one) == python_code(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1\n", "x = 2\n"),
        ("x = '# one'\n", "x = '# two'\n"),
        ('x = """a\n# one\n"""\n', 'x = """a\n# two\n"""\n'),
        ('x = """a\n\n"""\n', 'x = """a\n"""\n'),
        ("if x:\n    y()\nz()\n", "if x:\n    y()\n    z()\n"),
        ('x = {"a": "b"}\n', 'x = {"a": "c"}\n'),
        ("x = r'\\'  # '\n", "x = r'\\' + '  # '\n"),
        ('x = (\n    "a"\n    "b"\n)\n', 'x = (\n    "a"\n    "c"\n)\n'),
    ],
)
def test_everything_else_is_code(one: str, other: str) -> None:
    assert python_code(one) != python_code(other)


SHELL = sorted(path for path in (ROOT / "roles").rglob("*.sh.j2") if path.read_text().startswith("#!/bin/sh"))


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.name)
def test_a_program_of_the_shell_does_the_same_without_its_comments(path: Path) -> None:
    """As bash prints it, which leaves out comments; templates are replaced by a word."""
    text = re.sub(r"{%.*?%}\n?", "", re.sub(r"{{.*?}}", "word", path.read_text()), flags=re.DOTALL)
    assert "#" in text.partition("\n")[2] and "<<" not in text
    assert printed(lines_of_code(text)) == printed(text)


def printed(text: str) -> str:
    """Return a program as bash prints it, without blank lines."""
    done = subprocess.run(["bash", "--pretty-print"], input=text, capture_output=True, text=True, check=True)
    return "".join(line for line in done.stdout.splitlines(keepends=True) if line.strip())


def test_lines_of_units_and_programs() -> None:
    assert code_of("a.service", f"# {MARK}\n[Unit]\n\n  # why\nAfter=a#b\n") == "[Unit]\nAfter=a#b\n"
    for name in ("nginx.service.d/asgi-deploy.conf", "v1.0.0-0a1b2c3d/sandbox.conf"):
        assert code_of(name, f"# {MARK}\n[Service]\n") == "[Service]\n"
    assert code_of("hook", "#!/bin/sh\n# why\ntrue # kept\n") == "#!/bin/sh\ntrue # kept\n"
    assert code_of("drain.sh", "#!/bin/dash\n\ntrue\n") == "#!/bin/dash\ntrue\n"


def test_other_files_are_all_code() -> None:
    for name in ("settings.json", "nginx.conf", "asgi/http.conf", "conf.d/a.conf", "key.pem", "python3"):
        assert code_of(name, "# as it is\n\n") == "# as it is\n\n"
