"""Templates of the roles: texts made of what was decided, and of nothing else.

They are compiled once. An action that renders calls :func:`compile_all` when it is imported: the main process of
Ansible does that before it forks a process for each host, which has them then.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

import jinja2
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import ROLES


@functools.cache
def _compiled(role: str) -> dict[str, jinja2.Template]:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLES / role / "templates"),
        autoescape=jinja2.select_autoescape(),  # none of what is written here is a page with others' words
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: "" if value is None else value,
        trim_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters["regex_escape"] = re.escape
    return {name: environment.get_template(name) for name in environment.list_templates()}


def compile_all() -> None:
    """Compile the templates of all roles."""
    for folder in ROLES.glob("*/templates"):
        _compiled(folder.parent.name)


def rendered(role: str, name: str, plan: Mapping[str, object], **more: object) -> str:
    """The text of a role's template.

    Args:
        role: its name in this collection.
        name: the template's file.
        plan: what was decided of the role, which the template calls `plan`.
        more: what else it reads, by name.
    """
    text = _compiled(role)[name].render(plan=plan, **more)
    return text if text.endswith("\n") else f"{text}\n"  # Jinja drops the last one, which what includes it has itself
