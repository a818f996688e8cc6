"""Debian packages, and virtual environments of programs, installed where they are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import VENV_PACKAGE
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import prepare_sources
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.venvs import build_tool, outdated_tools
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import TOOLS

OPTIONS: dict[str, Any] = {
    "packages": {"type": "list", "elements": "str", "default": []},
    "later": {"type": "list", "elements": "list", "default": []},
    "venvs": TOOLS,
}


@reports_errors
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.install)."""
    packages = apt.missing_packages(options["packages"])
    later = [left for group in options["later"] if (left := apt.missing_packages(group))]
    venvs = outdated_tools(options["venvs"])
    names = [*packages, *chain.from_iterable(later), *(venv["path"] for venv in venvs)]
    if names and not check_mode:
        _install(packages, venvs, later)
        if now := [*packages, *(venv["path"] for venv in venvs)]:
            log_to_journal(f"installed {', '.join(now)}")
        if later:
            log_to_journal(f"begun to install {', '.join(chain.from_iterable(later))}")
    return {"changed": bool(names), "diff": {"before": "", "after": "".join(f"{name}\n" for name in names)}}


def _install(packages: Sequence[str], venvs: Sequence[Mapping[str, Any]], later: Sequence[Sequence[str]]) -> None:
    """Side by side, once there is what builds environments: dpkg keeps one processor busy, and a disk."""
    first = [name for name in packages if name == VENV_PACKAGE and venvs]
    if first:
        apt.install(first)
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(_build, venvs)
        if rest := [name for name in packages if name not in first]:
            apt.install(rest)
        if later:
            apt.install_in_background(later)
        building.result()


def _build(venvs: Sequence[Mapping[str, Any]]) -> None:
    for venv in venvs:
        path = Path(venv["path"])
        with prepare_sources(f".{path.name}", None, venv["wheelhouse"]) as given:
            build_tool(path, venv["requirements"], given)
