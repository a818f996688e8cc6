"""The facts of a host that decisions need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils.errors import answering
from ansible_collections.asgi.deploy.plugins.module_utils.host import facts

OPTIONS: dict[str, Any] = {}


@answering
def act(_options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """See M(asgi.deploy.facts)."""
    return {"changed": False, "ansible_facts": facts()}
