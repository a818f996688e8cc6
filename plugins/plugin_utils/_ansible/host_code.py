"""The code that a host is sent: a module of plugins/module_utils, and all that it imports of that folder."""

from __future__ import annotations

import functools
import json
import os
import re
import zlib
from pathlib import Path

PACKAGE = "ansible_collections.asgi.deploy.plugins.module_utils"
PROGRAM = "_host.call"  # the module that is sent before all others, and runs as a program
LEVEL = 4  # of compression: half the time of the usual 6, for a twentieth more bytes
_FOLDER = Path(__file__).parents[2] / "module_utils"
# Imports that only mypy needs: annotations are not evaluated on a host, so their modules are not sent.
_TYPES_ONLY = re.compile(r"^if TYPE_CHECKING:[^\n]*\n(?:[ \t]+[^\n]*\n|\n)+", re.MULTILINE)
# A statement that imports from the package, as ruff writes it; to parse whole files takes as long as an inspection.
_IMPORT = re.compile(rf"^[ \t]*from {re.escape(PACKAGE)}\.?(\S*) import (?:\(([^)]*)\)|([^(\n]*))", re.MULTILINE)
_NAME = re.compile(r"(\w+)(?: as \w+)?(?:,|\s|$)")
_COMMENT = re.compile(r"#.*")


@functools.cache
def needed(name: str) -> tuple[str, ...]:
    """Return a module and all that it imports from plugins/module_utils, as dotted names below that folder."""
    found: set[str] = set()
    new = {name}
    while new:
        found |= new
        new = {imported for module in new for imported in _imported(source(module))} - found
    return tuple(sorted(found))


@functools.cache
def source(name: str) -> str:
    """Return the text of a module, from its dotted name below plugins/module_utils."""
    return _FOLDER.joinpath(*name.split(".")).with_suffix(".py").read_text(encoding="utf-8")


@functools.cache
def packed(name: str) -> bytes:
    """Return the input of a host's Python up to the call: its program, and a module with all that it needs.

    A file of an action calls this where it is imported: Ansible does that before it forks a process for each host.
    """
    program = source(PROGRAM).encode()
    modules = sorted({*needed(name), *needed(PROGRAM)} - {PROGRAM})
    texts = {f"{PACKAGE}.{module}": source(module).encode() for module in modules}
    sizes = json.dumps({module: len(text) for module, text in texts.items()}).encode()
    files = zlib.compress(b"\n".join([sizes, b"".join(texts.values())]), LEVEL)
    return b"%d\n%b%d\n%b" % (len(program), program, len(files), files)


def _imported(text: str) -> set[str]:
    """Return the modules of plugins/module_utils that a text imports, as dotted names below that folder."""
    found: set[str] = set()
    for folder, several, single in _IMPORT.findall(_TYPES_ONLY.sub("", text)):
        # What is imported from a folder is a module; what is imported from a module is a name in it.
        names = _NAME.findall(_COMMENT.sub("", several or single))
        found |= {folder, *(f"{folder}.{name}" for name in names)}
    return found & _modules()


@functools.cache
def _modules() -> frozenset[str]:
    """Return the dotted names of all modules below plugins/module_utils."""
    top = len(str(_FOLDER)) + 1
    return frozenset(
        os.path.join(folder, file)[top:-3].replace(os.sep, ".")
        for folder, _folders, files in os.walk(_FOLDER)
        for file in files
        if file.endswith(".py")
    )
