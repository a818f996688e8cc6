"""The task that installs Debian packages, and virtual environments of programs, where they are missing."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import VENV_PACKAGE
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.package_sources import (
    SourceOptions,
    prepare_sources,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.venvs import build_tool, outdated_tools
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import apt
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.journal import log_to_journal
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import TOOLS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import ToolEntry
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import InstallResult

OPTIONS: OptionSpecs = {
    "packages": {"type": "list", "elements": "str", "default": []},
    "later": {"type": "list", "elements": "list", "default": []},
    "venvs": TOOLS,
}


class InstallOptions(TypedDict):
    """The options of the task.

    Attributes:
        packages: Debian packages to install now.
        later: groups of Debian packages, which systemd installs one group after the other.
        venvs: virtual environments of programs to build now.
    """

    packages: list[str]
    later: list[list[str]]
    venvs: list[ToolEntry]


@reports_errors
def act(options: InstallOptions, check_mode: bool) -> InstallResult:
    """Install what is missing; see M(asgi.deploy.install)."""
    packages = apt.missing_packages(options["packages"])
    later = [missing for group in options["later"] if (missing := apt.missing_packages(group))]
    tools = outdated_tools(options["venvs"])
    names = [*packages, *chain.from_iterable(later), *(tool["path"] for tool in tools)]
    if names and not check_mode:
        _install(packages, tools, later)
        if installed := [*packages, *(tool["path"] for tool in tools)]:
            log_to_journal(f"installed {', '.join(installed)}")
        if later:
            log_to_journal(f"began to install {', '.join(chain.from_iterable(later))}")
    return {"changed": bool(names), "diff": {"before": "", "after": "".join(f"{name}\n" for name in names)}}


def _install(packages: Sequence[str], tools: Sequence[ToolEntry], later: Sequence[Sequence[str]]) -> None:
    """Install packages and build environments at the same time: dpkg keeps one processor busy, and a disk.

    The package that builds environments comes first.
    """
    first = [name for name in packages if name == VENV_PACKAGE and tools]
    if first:
        apt.install(first)
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(_build, tools)
        if rest := [name for name in packages if name not in first]:
            apt.install(rest)
        if later:
            apt.install_in_background(later)
        building.result()


def _build(tools: Sequence[ToolEntry]) -> None:
    for tool in tools:
        path = Path(tool["path"])
        with prepare_sources(f".{path.name}", SourceOptions(wheelhouse=tool["wheelhouse"])) as sources:
            build_tool(path, tool["requirements"], sources)
