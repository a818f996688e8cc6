"""A virtual environment of a program of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils.errors import answering
from ansible_collections.asgi.deploy.plugins.module_utils.filesets import absolute
from ansible_collections.asgi.deploy.plugins.module_utils.supplies import supplies
from ansible_collections.asgi.deploy.plugins.module_utils.venvs import build_tool, complete, tool_mark

OPTIONS: dict[str, Any] = {
    "path": {"type": "str", "required": True},
    "requirements": {"type": "str", "required": True},
    "wheelhouse": {"type": "str"},
    "installer": {"type": "str", "choices": ["auto", "uv", "pip"], "default": "auto"},
}


@answering
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.venv)."""
    path, requirements = absolute(options["path"]), options["requirements"]
    changed = not complete(path, tool_mark(requirements))
    if changed and not check_mode:
        with supplies(f".{path.name}", None, options["wheelhouse"]) as given:
            build_tool(path, requirements, options["installer"], given)
    return {"changed": changed}
