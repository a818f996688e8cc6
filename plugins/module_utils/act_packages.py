"""Debian packages, installed where they are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils.debian import install, missing
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError, answering

OPTIONS: dict[str, Any] = {"names": {"type": "list", "elements": "str", "required": True}}


@answering
def act(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.packages)."""
    names = missing(options["names"])
    try:
        if names and not check_mode:
            install(names)
    except DeployError as error:
        raise DeployError(f"packages {', '.join(names)} could not be installed: {error}") from error
    return {"changed": bool(names), "diff": {"before": "", "after": "".join(f"{name}\n" for name in names)}}
