"""An application's environment: what its file on the controller holds, and what `env` says."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._app.dotenv import parse
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.validators import env
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import Contents

# It is a part of the units, where the release's own folders are on it too: in a file it would replace them.
PYTHON_PATH = "PYTHONPATH"


def in_file(variables: Mapping[str, object]) -> dict[str, object]:
    """The variables that go into the release's environment file."""
    return {name: value for name, value in variables.items() if name != PYTHON_PATH}


def python_path(variables: Mapping[str, object], release: PurePosixPath) -> list[str]:
    """Where Python looks for modules. The user's folders may be below the application's; ours come last, since its own
    modules may be called as ours are.
    """
    given = str(variables[PYTHON_PATH]).split(":") if PYTHON_PATH in variables else []
    tree = release / "src"
    return [str(folder) for folder in (release / "site", *(tree / path for path in given), tree, release / "runtime")]


def variables_of(app: Mapping[str, Any], contents: Contents | None) -> tuple[dict[str, object], list[str]]:
    """The variables, of which those in `env` win, and what is wrong with the file."""
    own = app["env"] if isinstance(app.get("env"), Mapping) else {}
    file = app.get("env_file")
    found = (contents or {}).get(str(file), {})
    if not file or "content" not in found:
        return dict(own), []
    try:
        text = base64.b64decode(found["content"]).decode("utf-8")
    except UnicodeDecodeError:
        return dict(own), [f"env_file: {file} is no UTF-8 text"]
    values, wrong = parse(text)
    told = [f"env_file: {file}, {one}" for one in wrong]
    if more := env(values):
        told.append(f"env_file: {file}: {more}")
    return {**values, **own}, told
