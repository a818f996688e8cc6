"""Debian packages, and virtual environments of programs, installed where they are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import VENV_PACKAGE
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import supplies
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.venvs import build_tool, outdated
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt as debian
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import note
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import answering
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import TOOLS

OPTIONS: dict[str, Any] = {
    "packages": {"type": "list", "elements": "str", "default": []},
    "later": {"type": "list", "elements": "list", "default": []},
    "venvs": TOOLS,
}


@answering
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.install)."""
    packages = debian.missing(options["packages"])
    later = [left for group in options["later"] if (left := debian.missing(group))]
    venvs = outdated(options["venvs"])
    names = [*packages, *chain.from_iterable(later), *(venv["path"] for venv in venvs)]
    if names and not check_mode:
        _install(packages, venvs, later)
        if now := [*packages, *(venv["path"] for venv in venvs)]:
            note(f"installed {', '.join(now)}")
        if later:
            note(f"begun to install {', '.join(chain.from_iterable(later))}")
    return {"changed": bool(names), "diff": {"before": "", "after": "".join(f"{name}\n" for name in names)}}


def _install(packages: Sequence[str], venvs: Sequence[Mapping[str, Any]], later: Sequence[Sequence[str]]) -> None:
    """Side by side, once there is what builds environments: dpkg keeps one processor busy, and a disk."""
    first = [name for name in packages if name == VENV_PACKAGE and venvs]
    if first:
        debian.install(first)
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(_build, venvs)
        if rest := [name for name in packages if name not in first]:
            debian.install(rest)
        if later:
            debian.install_behind(later)
        building.result()


def _build(venvs: Sequence[Mapping[str, Any]]) -> None:
    for venv in venvs:
        path = Path(venv["path"])
        with supplies(f".{path.name}", None, venv["wheelhouse"]) as given:
            build_tool(path, venv["requirements"], given)
