"""The environment of an application: its file on the controller, and its option `env`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import cast

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.dotenv import parse
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.source_options import EnvironmentValue
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.validators import env
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import Contents

# The host sets it, with the release's own folders; a value in the environment file would replace these.
PYTHON_PATH = "PYTHONPATH"


def in_file(variables: Mapping[str, EnvironmentValue]) -> dict[str, EnvironmentValue]:
    """Return the variables that go into the release's environment file."""
    return {name: value for name, value in variables.items() if name != PYTHON_PATH}


def python_path(variables: Mapping[str, EnvironmentValue]) -> list[str]:
    """Return further folders in which Python looks for modules; the host adds the release's own."""
    return [folder for folder in str(variables.get(PYTHON_PATH, "")).split(":") if folder]


def variables_of(
    values: Mapping[str, Json], contents: Contents | None
) -> tuple[dict[str, EnvironmentValue], list[str]]:
    """Return the variables, and what is wrong with the file; those in `env` win.

    Args:
        values: resolved options of the application, right or wrong.
        contents: of files on the controller.
    """
    written, file = values.get("env"), values.get("env_file")
    # The rule of `env` reports wrong values.
    env_values = cast("dict[str, EnvironmentValue]", dict(written)) if isinstance(written, Mapping) else {}
    read = (contents or {}).get(str(file), {})
    if not file or "content" not in read:
        return env_values, []
    try:
        text = base64.b64decode(read["content"]).decode("utf-8")
    except UnicodeDecodeError:
        return env_values, [f"env_file: {file} is no UTF-8 text"]
    parsed, mistakes = parse(text)
    errors = [f"env_file: {file}, {mistake}" for mistake in mistakes]
    if mistake := env(parsed):
        errors.append(f"env_file: {file}: {mistake}")
    return {**parsed, **env_values}, errors
