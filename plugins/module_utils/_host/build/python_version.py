"""Whether the Python of a release is one that its application runs on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.build.installers import Interpreter, interpreters
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.pyproject import subtable
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import untrusted_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.version_specifiers import parse_version, satisfies

_PINNED = re.compile(r"(?:cpython[-@]?)?(\d+\.\d+)(?:\.\d+)?")


def check_python(tree: Path, pyproject: Mapping[str, Json], interpreter: Interpreter, chosen: bool, where: str) -> None:
    """Refuse an interpreter that the application does not run on.

    Args:
        tree: the application's folder.
        pyproject: the tables of its pyproject.toml.
        interpreter: of the release.
        chosen: whether the entry names it; then `.python-version`, which is for development, does not count.
        where: what messages call the application.

    Raises:
        DeployError: `requires-python` or `.python-version` asks for another one; names those of the host.
    """
    specifier = subtable(pyproject, "project").get("requires-python")
    if isinstance(specifier, str):
        version = interpreter.version
        try:
            good = satisfies(parse_version(version), specifier)
        except ValueError as error:
            raise DeployError(f"requires-python of {where}: {error}") from error
        if not good:
            raise DeployError(f"python: found {version}, but {where} has requires-python {specifier!r}. {_remedy()}")
    if chosen:
        return
    for line in (untrusted_files.read_text(tree, ".python-version") or "").splitlines()[:20]:
        pinned = _PINNED.fullmatch(line.split("#")[0].strip())
        if pinned is None:
            continue
        if not interpreter.version.startswith(f"{pinned[1]}."):
            raise DeployError(
                f"python: found {interpreter.version}, but .python-version of {where} names {pinned[1]}. {_remedy()}; "
                "a version in the entry takes the place of .python-version"
            )
        return


def _remedy() -> str:
    has = "; ".join(f'python: "{version}" is {path}' for version, path in interpreters().items())
    return (
        f"This host has {has or 'no Python'}; write one that fits, install another one on the host before, "
        "or write python_mirror next to python"
    )
