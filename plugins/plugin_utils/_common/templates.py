"""Templates of the roles, which are rendered from plans only.

They are compiled once. An action that renders calls :func:`compile_all` when it is imported: the main process of
Ansible imports it before it forks a process for each host.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

import jinja2
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import ROLES


@functools.cache
def _compiled(role: str) -> dict[str, jinja2.Template]:
    """Return the compiled templates of a role by file name."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLES / role / "templates"),
        autoescape=jinja2.select_autoescape(),  # no template is a page that shows text of others
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
    """Return the text of a template of a role.

    Args:
        role: its name in this collection.
        name: the template's file.
        plan: the plan of the role, which the template calls `plan`.
        more: other values that it reads, by name.
    """
    text = _compiled(role)[name].render(plan=plan, **more)
    return text if text.endswith("\n") else f"{text}\n"  # Jinja drops the last line feed
