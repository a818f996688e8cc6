"""Writes docs/settings.md from the options and the tables that decide: `make docs`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.asgi.deploy.plugins.plugin_utils.servers import HOOKS, REFUSED, SERVERS, SETTINGS, Effect, No

TOP = Path(__file__).resolve().parents[1]
PAGE = TOP / "docs" / "settings.md"
SPEC = TOP / "roles" / "app" / "meta" / "argument_specs.yml"

HEAD = """\
# Settings of the server

<!-- Written by `make docs`; a unit test sees to it that it is current. -->

`server` chooses what serves an application, and `settings` holds that server's settings, by the names that gunicorn
gives them, or uvicorn where gunicorn has none:

```yaml
asgi_apps:
  - name: shop
    # …
    server: gunicorn        # the default
    settings:
      max_requests: 10000
      max_requests_jitter: 1000
      hooks: {post_fork: shop.hooks:post_fork}
```

No setting is accepted and then ignored. Each has its effect in the chosen server, which a test sees in the running
server, or the run ends before any host is touched, with the reason and what to write instead.
"""
PLACES = {"gunicorn": "gunicorn's `{}`", "uvicorn": "uvicorn's `{}`", "socket": "`{}=` of the socket unit"}


def page() -> str:
    """The text of the page."""
    options = yaml.safe_load(SPEC.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]["app_spec"][
        "options"
    ]
    settings = options["settings"]["options"]
    parts = [
        HEAD,
        "## Settings\n",
        *table("setting", SETTINGS, settings),
        "\n## Hooks of gunicorn, below `settings.hooks`\n",
        "Each is written as `package.module:function` and takes gunicorn's own arguments. Hooks are imported before",
        "the workers are forked, so their module must not need what only a worker has.\n",
        *table("hook", HOOKS, settings["hooks"]["options"]),
        "\n## Names that are refused\n",
        "gunicorn and uvicorn know these, too; a release is given none of them, whatever its server.\n",
        "| name | instead |",
        "| --- | --- |",
        *(f"| {', '.join(f'`{name}`' for name in names)} | {cell(text)} |" for text, names in refused()),
    ]
    return "\n".join(parts) + "\n"


def table(kind: str, effects: Mapping[str, Mapping[str, Effect]], options: Mapping[str, Any]) -> Iterable[str]:
    """A row for each name, with what becomes of it in each server."""
    yield f"| {kind} | what it is | {' | '.join(f'`{server}`' for server in SERVERS)} |"
    yield "| --- " * (len(SERVERS) + 2) + "|"
    for name, row in effects.items():
        cells = [f"`{name}`", cell(described(options[name])), *(cell(told(row[server], name)) for server in SERVERS)]
        yield f"| {' | '.join(cells)} |"


def told(effect: Effect, name: str) -> str:
    """What becomes of a setting, in words."""
    if isinstance(effect, No):
        return f"**refused**: {effect.reason}"
    if name in HOOKS:
        return "called"
    taken = [text.format(target) for kind, text in PLACES.items() if (target := getattr(effect, kind))]
    return ", ".join(taken) or "the runtime of the release sets it"


def described(option: Mapping[str, Any]) -> str:
    """An option's description and choices, without Ansible's markup."""
    text = str(option["description"])
    for mark in ("O(app_spec.settings.", "O(app_spec.", "V(", "C("):
        head, *rest = text.split(mark)
        text = head + "".join("`" + part.replace(")", "`", 1) for part in rest)
    choices = option.get("choices")
    return text + (f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else "")


def refused() -> Iterable[tuple[str, list[str]]]:
    """The refused names, those with the same text together; hooks are in a table of their own."""
    names = [name for name in REFUSED if name not in HOOKS]
    return [(text, list(group)) for text, group in groupby(names, REFUSED.__getitem__)]


def cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
