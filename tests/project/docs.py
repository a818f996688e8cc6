"""Writes settings, plugins, the roles' pages, and tables of options and attacks from what decides: `make docs`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.server_settings import (
    HOOKS,
    REFUSED,
    SERVERS,
    SETTINGS,
    Effect,
    No,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.extra_vars import VARIABLES
from antsibull_docs_parser import dom, parser

from tests import ROOT
from tests.attacks import pages as attacks

PAGE = ROOT / "docs" / "settings.md"
OPTIONS = ROOT / "docs" / "options.md"
PLUGINS_PAGE = ROOT / "docs" / "plugins.md"
ROLES = sorted(folder.name for folder in (ROOT / "roles").iterdir())
WRITTEN = "<!-- Written by `make docs`; a unit test sees to it that it is current. -->"

HEAD = f"""\
# Settings of the server

{WRITTEN}

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
      hooks: {{post_fork: shop.hooks:post_fork}}
```

No setting is accepted and then ignored. Each has its effect in the chosen server, which a test sees in the running
server, or the run ends before any host is touched, with the reason and what to write instead.
"""
PLUGINS_HEAD = f"""\
# Modules and filters

{WRITTEN}

The playbooks do all that these pages describe; a play of your own can use what they call.
`ansible-doc asgi.deploy.release_info` shows the same in a terminal.
"""
# What is of use in a play of one's own, by kind; the rest is the roles'.
PUBLIC = {"release_info": "module", "status": "module", "exec": "module", "restart": "module", "rollback": "module"}
PUBLIC |= {"pause": "module", "stop": "module", "logs": "module", "worker_count": "filter"}
FOLDERS = {"module": "modules", "filter": "filter", "lookup": "lookup"}
ENTRY = "app_spec."  # an entry of asgi_apps
PLACES = {"gunicorn": "gunicorn's `{}`", "uvicorn": "uvicorn's `{}`", "socket": "`{}=` of the socket unit"}


def specs(role: str) -> Mapping[str, Mapping[str, Any]]:
    """Return a role's entry points."""
    file = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    result: Mapping[str, Mapping[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["argument_specs"]
    return result


def page() -> str:
    """Return the text of the page on settings."""
    settings = specs("app")["main"]["options"]["app_spec"]["options"]["settings"]["options"]
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
    """Yield a row for each name, with what becomes of it in each server."""
    yield f"| {kind} | what it is | {' | '.join(f'`{server}`' for server in SERVERS)} |"
    yield "| --- " * (len(SERVERS) + 2) + "|"
    for name, row in effects.items():
        cells = [f"`{name}`", cell(described(options[name])), *(cell(outcome(row[server], name)) for server in SERVERS)]
        yield f"| {' | '.join(cells)} |"


def outcome(effect: Effect, name: str) -> str:
    """Return what becomes of a setting, in words."""
    if isinstance(effect, No):
        return f"**refused**: {effect.reason}"
    if name in HOOKS:
        return "called"
    taken = [text.format(target) for kind, text in PLACES.items() if (target := getattr(effect, kind))]
    return ", ".join(taken) or "the runtime of the release sets it"


def role_page(role: str) -> str:
    """Return the text of a role's page: all options of all its entry points."""
    parts = [f"# Role asgi.deploy.{role}", "", WRITTEN, ""]
    for name, entry in specs(role).items():
        if name != "main":
            parts += [f"## `{name}`", ""]
        parts += [f"{entry['short_description']}.", "", *(f"{prose(text)}\n" for text in entry["description"])]
        parts += ["| option | type | default | what it is |", "| --- | --- | --- | --- |"]
        parts += [f"| {' | '.join(cell(text) for text in row)} |" for row in rows(entry["options"])]
        parts.append("")
    return "\n".join(parts)


def with_variables(text: str) -> str:
    """Return the text of docs/options.md with its table of the variables of a single run."""
    head, mark, rest = text.partition("<!-- variables -->\n")
    _old, end, tail = rest.partition("<!-- /variables -->\n")
    table = ["| variable | playbook | what it is |", "| --- | --- | --- |"]
    for name, variable in VARIABLES.items():
        where = ", ".join(f"`{playbook}`" for playbook in variable.playbooks) or "all"
        table.append(f"| `{name}` | {where} | {cell(variable.meaning)} |")
    return "".join([head, mark, *(f"{line}\n" for line in table), end, tail])


def rows(options: Mapping[str, Mapping[str, Any]], path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Name, type, default and description of each option, and of those below it."""
    for name, option in options.items():
        whole = f"{path}{name}"
        default = "required" if option.get("required") else shown(option.get("default"))
        yield f"`{whole.removeprefix(ENTRY)}`", kind(option), default, described(option)
        yield from rows(option.get("options", {}), f"{whole}{'[]' if 'elements' in option else ''}.")


def kind(option: Mapping[str, Any]) -> str:
    """Return the type of an option or of what is returned."""
    return f"{option['type']} of {option['elements']}" if "elements" in option else str(option["type"])


def shown(default: object) -> str:
    """Return a default as it is written in YAML."""
    if default is None or default in ("", [], {}):
        return ""
    return f"`{yaml.safe_dump(default, default_flow_style=True, width=1000).removesuffix('...' + chr(10)).strip()}`"


def described(option: Mapping[str, Any]) -> str:
    """Return an option's description and choices."""
    description = option["description"]
    text = prose(description if isinstance(description, str) else " ".join(description))
    choices = option.get("choices")
    return text + (f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else "")


def prose(text: str) -> str:
    """Return Ansible's markup as Markdown."""
    context = parser.Context(current_plugin=dom.PluginIdentifier("asgi.deploy.app", "role"), role_entrypoint="main")
    return "".join(word(part) for paragraph in parser.parse(text, context) for part in paragraph)


def word(part: dom.AnyPart) -> str:
    if isinstance(part, dom.TextPart):
        return part.text
    if isinstance(part, dom.CodePart):
        return f"`{part.text}`"
    if isinstance(part, dom.OptionValuePart):
        return f"`{part.value}`"
    if isinstance(part, dom.OptionNamePart):
        name = part.name.removeprefix(ENTRY)
        return f"`{name}`" if part.value is None else f"`{name}: {part.value}`"
    if isinstance(part, dom.ModulePart):
        return f"`{part.fqcn}`"
    if isinstance(part, dom.PluginPart):
        return f"`{part.plugin.fqcn}`"
    raise ValueError(f"markup that is not provided for: {part}")


def plugins_page() -> str:
    """Return the text of the page on plugins."""
    parts = [PLUGINS_HEAD]
    for name, sort in PUBLIC.items():
        parts += plugin(name, sort)
    parts += ["## All others", "", "The roles and playbooks use these; a play has no need of them.", ""]
    for sort, folder in FOLDERS.items():
        files = (ROOT / "plugins" / folder).iterdir()
        names = sorted({file.stem for file in files if file.suffix in (".py", ".yml")} - PUBLIC.keys())
        parts += [f"| {sort} | what it is |", "| --- | --- |"]
        parts += [f"| `{name}` | {cell(documented(name, sort)[0]['short_description'])} |" for name in names]
        parts += ["", f"`ansible-doc -t {sort} asgi.deploy.{names[0]}` and its like say more.", ""]
    return "\n".join(parts)


def plugin(name: str, sort: str) -> Iterator[str]:
    """Yield the part of a plugin."""
    about, examples, returned = documented(name, sort)
    yield from (f"## asgi.deploy.{name}", "", f"{sort.capitalize()}. {about['short_description']}.", "")
    yield from (f"{prose(text)}\n" for text in about["description"])
    yield from ("| option | type | default | what it is |", "| --- | --- | --- | --- |")
    yield from (f"| {' | '.join(cell(text) for text in row)} |" for row in rows(about["options"]))
    yield from ("", "```yaml", examples.strip(), "```", "")
    yield from ("| what is returned | type | what it is |", "| --- | --- | --- |")
    yield from (f"| {' | '.join(cell(text) for text in row)} |" for row in keys(returned))
    yield ""


def keys(returned: dict[str, Any], whole: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield each key of what is returned, those within it included: its path, its type and what it is."""
    for name, value in returned.items():
        key = f"{whole}{name}"
        yield f"`{key}`", kind(value), described(value)
        yield from keys(value.get("contains", {}), f"{key}{'[]' if 'elements' in value else ''}.")


def documented(name: str, sort: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """Return what a plugin says of itself: its documentation with that of its fragments, examples, and what it
    returns.
    """
    documentation = ROOT / "plugins" / FOLDERS[sort] / f"{name}.yml"
    if documentation.exists():
        output = yaml.safe_load(documentation.read_text(encoding="utf-8"))
        return output["DOCUMENTATION"], output["EXAMPLES"], output["RETURN"]
    output = strings(documentation.with_suffix(".py"))
    about = yaml.safe_load(output["DOCUMENTATION"])
    about.setdefault("options", {})
    for fragment in about.get("extends_documentation_fragment", []):
        text = strings(ROOT / "plugins" / "doc_fragments" / f"{fragment.rpartition('.')[2]}.py")["DOCUMENTATION"]
        about["options"] = {**yaml.safe_load(text).get("options", {}), **about["options"]}
    return about, output["EXAMPLES"], yaml.safe_load(output["RETURN"])


def strings(file: Path) -> dict[str, str]:
    """Return the strings that a Python file assigns to names."""
    return {
        target.id: node.value.value
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def refused() -> Iterable[tuple[str, list[str]]]:
    """Return the refused names, those with the same text together; hooks are in a table of their own."""
    names = [name for name in REFUSED if name not in HOOKS]
    return [(text, list(group)) for text, group in groupby(names, REFUSED.__getitem__)]


def cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    OPTIONS.write_text(with_variables(OPTIONS.read_text(encoding="utf-8")), encoding="utf-8")
    PLUGINS_PAGE.write_text(plugins_page(), encoding="utf-8")
    for role in ROLES:
        (ROOT / "roles" / role / "README.md").write_text(role_page(role), encoding="utf-8")
    for security in (attacks.SECURITY, attacks.SANDBOX):
        file = ROOT / security
        file.write_text(attacks.with_parts(security, file.read_text(encoding="utf-8")), encoding="utf-8")
