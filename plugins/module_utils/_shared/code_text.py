"""The code of files that the collection writes: their text without comments, docstrings and blank lines.

A release is named by the code of its files, and a file of a host that differs in comments only stays as it is. So a
comment of the collection that changes makes no new release, and no change on a host.
"""

from __future__ import annotations

import functools
import re

MARK = "Written by asgi.deploy"  # in the first two lines of a file that a template makes
# Files that systemd reads: units, their drop-ins, and the lines that all units of a release have.
_UNIT = re.compile(r"\.(?:service|socket|target|timer)(?:\.d/[^/]+\.conf)?$|(?:^|/)sandbox\.conf$")
_BLANK = r"(?:[ \t]*(?:\#[^\n]*)?\n)"  # a line that is empty, or a comment
_LONG, _SHORT = r'"""(?:[^"\\]|\\.|"(?!""))*"""', r'"(?:[^"\\\n]|\\.)*"'
# What is found first wins: so a comment in a string is none, and a string in a comment neither.
_PYTHON = re.compile(
    rf"""
    (?:(?<=:){_BLANK}+|\A{_BLANK}*)[ \t]*[rR]?(?:{_LONG}|{_SHORT})[ \t]*(?=\#|\n|\Z)  # a docstring
    | (?P<text>{_LONG}|'''(?:[^'\\]|\\.|'(?!''))*'''|{_SHORT}|'(?:[^'\\\n]|\\.)*')
    | (?P<lines>\n{_BLANK}+)
    | (?<=\S)[ \t]*\#[^\n]*
    | \#[^\n]*
    """,
    re.VERBOSE | re.DOTALL,
)


def code_of(name: str, text: str) -> str:
    """Return the code of a file, by the kind that its name says; of other kinds the text as it is.

    Args:
        name: the file's, with that of its folder, if that matters.
        text: the file's.
    """
    if name.endswith(".py"):
        return python_code(text)
    lines = _UNIT.search(name) or name.endswith(".sh") or text.startswith("#!/bin/sh\n")
    return lines_of_code(text) if lines else text


@functools.cache
def python_code(text: str) -> str:
    """Return a Python file without comments, blank lines, and docstrings of modules, classes and functions."""
    code = _PYTHON.sub(lambda found: found["text"] or ("\n" if found["lines"] else ""), f"{text}\n")
    return code.strip("\n") + "\n"


def lines_of_code(text: str) -> str:
    """Return a unit or a program of the shell without lines that are comments or blank; what runs it stays."""
    first, newline, rest = text.partition("\n")
    lines = rest.splitlines() if first.startswith("#!") else text.splitlines()
    kept = [line.rstrip() for line in lines if (start := line.lstrip()) and not start.startswith("#")]
    return "\n".join([first, *kept] if first.startswith("#!") else kept) + newline
