"""The recipes of CONTRIBUTING.md, and how to follow one in a copy of the repository.

A recipe is a section with blocks. A block that a line with a path and a colon precedes is that file; a block of the
kind `diff` is a change of files.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests import ROOT
from tests.lab import LabError

PAGE = ROOT / "CONTRIBUTING.md"
BLOCK = re.compile(r"(?:^`(?P<path>[^`\n]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COLLECTION = Path("ansible_collections", "asgi", "deploy")


def section(title: str, text: str) -> str:
    """Return a section of a page, without its heading.

    Raises:
        LabError: the page has no such section.
    """
    lines: list[str] = []
    inside = inside_block = False
    for line in text.splitlines(keepends=True):
        inside_block ^= line.startswith("```")
        if line.startswith("#") and not inside_block:  # a comment in a block begins in the same way
            inside = line.strip("# \n") == title
        elif inside:
            lines.append(line)
    if not lines:
        raise LabError(f"{PAGE.name}: found no section {title!r}, expected one, as in ### {title}")
    return "".join(lines)


def copy(folder: Path) -> Path:
    """Copy the collection to where Ansible finds it, with the contracts of its layers; return the copy."""
    target = folder / COLLECTION
    for name in ("meta", "playbooks", "plugins", "roles"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", target)
    return target


def follow(recipe: str, collection: Path) -> None:
    """Write the files of a recipe and apply its changes.

    Args:
        recipe: the text of its section.
        collection: a copy of the repository.

    Raises:
        LabError: a change does not apply; says what git says.
    """
    for block in BLOCK.finditer(recipe):
        if block["path"]:
            file = collection / block["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block["text"], encoding="utf-8")
        elif block["kind"] == "diff":
            done = subprocess.run(
                ["git", "apply", "-"],
                cwd=collection,
                env={**os.environ, "GIT_CEILING_DIRECTORIES": str(collection.parent)},
                input=block["text"],
                text=True,
                capture_output=True,
                check=False,
            )
            if done.returncode:
                raise LabError(f"{PAGE.name}: a change of the recipe does not apply: {done.stderr.strip()}")
