"""The code of this collection that runs just now, as files that stay on the host and run without a controller."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from importlib.abc import InspectLoader
from pathlib import Path
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

PACKAGE = __name__.partition("._host.")[0]


def code_files(folder: Path, modules: Iterable[str]) -> list[ManagedFile]:
    """Return a folder with modules of plugins/module_utils and nothing else.

    Args:
        folder: which Python then has on its path.
        modules: their dotted names below plugins/module_utils; this run was sent all of them.

    Raises:
        DeployError: this run was not sent a module.
    """
    return [
        ManagedFile(folder, "directory", b"", 0o755, "root", "root", exclusive=True),
        *(ManagedFile(folder / _path(module), "file", _source(module), 0o644, "root", "root") for module in modules),
    ]


def no_files(folder: Path) -> list[ManagedFile]:
    """Return what removes a folder with everything below it: files first, then the folders."""
    gone: list[ManagedFile] = []
    for place, folders, files in os.walk(folder, topdown=False):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        gone += [ManagedFile.leftover(Path(place, name)) for name in sorted([*files, *links])]
        gone.append(ManagedFile.leftover(Path(place), folder=True))
    return gone


def _path(module: str) -> Path:
    return Path(*PACKAGE.split("."), *module.split(".")).with_suffix(".py")


def _source(module: str) -> bytes:
    """Return the text of a module, from what has loaded this one: it was sent as text, in an archive, or as a file."""
    name = f"{PACKAGE}.{module}"
    spec = importlib.util.find_spec(name)
    text = cast(InspectLoader, spec.loader).get_source(name) if spec and spec.loader else None
    if text is None:
        raise DeployError(f"the code of {module} cannot be read, so that it cannot be installed on this host")
    return text.encode() if isinstance(text, str) else text  # Ansible's own loader has bytes
