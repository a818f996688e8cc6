"""What an installer would write of a project that is not built: its name and version, its entry points, its programs.

Without a table [build-system] no installer installs the application itself. Its programs can be run by their names, and
`importlib.metadata` finds it, by files of the release.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import subtable
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import normalised

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]*")
_PROGRAM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_ENTRY = re.compile(r"[^\s=\[#;][^\n=]*")
_OBJECT = re.compile(r"\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*(?::\s*([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\s*)?")
_UNKNOWN = "0"  # the version of a project that has none
_SCRIPT = """\
#!{python}
import sys

from {module} import {name}

sys.exit({name}{attributes}())
"""


def name_of(pyproject: Mapping[str, Json]) -> str | None:
    """Return the normalised name of a project; None if pyproject.toml describes none."""
    name = subtable(pyproject, "project").get("name")
    return normalised(name) if isinstance(name, str) and _NAME.fullmatch(name) else None


def is_dynamic(pyproject: Mapping[str, Json]) -> bool:
    """Return whether only git has the version of a project."""
    return name_of(pyproject) is not None and not isinstance(subtable(pyproject, "project").get("version"), str)


def metadata_files(pyproject: Mapping[str, Json], version: str | None, python: str) -> dict[str, str]:
    """Return the texts of these files, by path in a folder of packages; none if pyproject.toml describes no project.

    Args:
        pyproject: the tables of the application's pyproject.toml.
        version: the version that git has, for a project that has none of its own.
        python: the interpreter that runs its programs.

    Raises:
        DeployError: an entry point is not written as `module:function`, or a name as names are.
    """
    project = subtable(pyproject, "project")
    name, own = name_of(pyproject), project.get("version")
    if not name:
        return {}
    version = own if isinstance(own, str) and _VERSION.fullmatch(own) else version or _UNKNOWN
    scripts = _entries(project, "scripts")
    groups = {
        "console_scripts": scripts,
        "gui_scripts": _entries(project, "gui-scripts"),
        **{group: _entries(project, "entry-points", group) for group in subtable(project, "entry-points")},
    }
    info = f"{name.replace('-', '_')}-{version.replace('-', '_')}.dist-info"
    sections = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
        for group, entries in groups.items()
        if entries and re.fullmatch(r"\w+(?:\.\w+)*", group)
    ]
    return {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        **({f"{info}/entry_points.txt": "\n".join(sections)} if sections else {}),
        **{f"bin/{key}": script(key, value, python) for key, value in {**scripts, **groups["gui_scripts"]}.items()},
    }


def script(name: str, entry: str, python: str) -> str:
    """Return the text of a program that calls a function.

    Raises:
        DeployError: the name is none of a file, or the entry names no function.
    """
    match = _OBJECT.fullmatch(entry)
    if not match or not match[2] or not _PROGRAM.fullmatch(name):
        raise DeployError(
            f"pyproject.toml: project.scripts has {name} = {entry!r}, expected a function of a module, "
            'as in shop = "shop.main:main"'
        )
    return _SCRIPT.format(python=python, module=match[1], name=match[2], attributes=match[3])


def install(files: Mapping[str, str], packages: Path) -> None:
    """Write these files into a folder of packages, which is created.

    Raises:
        DeployError: a build has put a link or a file in the place of a folder.
    """
    for path, text in files.items():
        file = packages / path
        if file.parent.is_symlink() or (file.parent.exists() and not file.parent.is_dir()):
            raise DeployError(f"the build has made {file.parent.name}, in which programs of the application belong")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
        file.chmod(0o755 if path.startswith("bin/") else 0o644)


def _entries(project: Mapping[str, Json], *names: str) -> dict[str, str]:
    """Return the entry points of a group.

    Raises:
        DeployError: one is not written as entry points are.
    """
    where, entries = ".".join(("project", *names)), subtable(project, *names)
    for name, value in entries.items():
        if not (isinstance(value, str) and _OBJECT.fullmatch(value) and _ENTRY.fullmatch(name)):
            raise DeployError(
                f"pyproject.toml: {where} has {name} = {value!r}, expected an object of a module, "
                'as in shop = "shop.main:main"'
            )
    return {name: value.strip() for name, value in entries.items() if isinstance(value, str)}
