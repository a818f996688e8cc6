"""Every inventory and option in the documentation is one that a run would take; what is generated is current."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.server_settings import HOOKS, REFUSED, SETTINGS
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sources import SOURCES
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.wheelhouse import pinned
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.options import certbot_locks
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import http_proxy
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import named_files, resolve_path
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import PLATFORMS
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

from tests import ROOT
from tests.project import docs, pages

# What stands for the reader's own variables.
VARIABLES = {
    "{{ vault_shop_key }}": "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----",
    "{{ vault_lib_key }}": "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----",
    "{{ vault_index_password }}": "secret",
    "{{ vault_team_password }}": "secret",
    "{{ vault_database_password }}": "a secret",
    "{{ lookup('ansible.builtin.file', 'keys/signing.pem') }}": "a secret in lines\n",
    "{{ vault_npm_token }}": "secret of a registry",
    "{{ vault_ops_hash }}": f"$6$salt${'a' * 86}",
    "{{ vault_ops_password }}": "open sesame",
    **{
        f"{{{{ lookup('ansible.builtin.password', inventory_dir ~ '/secrets/{file}') }}}}": "a secret of the first run"
        for file in ("admin", "datasette length=64", "django length=64")
    },
    "{{ vault_database_url }}": "postgresql://shop:secret@10.0.0.4/shop",
}
APP_OPTIONS = role_options("app")["app_spec"]["options"]
HOST_OPTIONS = {
    key: option for role in ("nginx", "certificate", "hardening") for key, option in role_options(role).items()
}


@dataclass(frozen=True)
class Shown:
    """What a block shows: a whole inventory, variables of a host, options of an application, or tasks of a play."""

    kind: str
    text: str

    @property
    def values(self) -> dict[str, Any]:
        values: dict[str, Any] = yaml.safe_load(self.text)
        return values


class Pasted(yaml.SafeLoader):
    """A block as a reader pastes it: a word that stands there twice would take the place of the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        words = [key.value for key, _ in node.value]
        twice = {word for word in words if words.count(word) > 1}
        assert not twice, f"twice in one block: {', '.join(sorted(twice))}"
        return super().construct_mapping(node, deep)


def shown_in(text: str) -> Shown:
    """Return what a block shows."""
    values = Pasted(text).get_single_data()
    if isinstance(values, list):
        assert all(isinstance(task, dict) and "name" in task for task in values)
        return Shown("tasks", text)
    if values.keys() == {"asgi"}:
        return Shown("inventory", text)
    known = {"app": APP_OPTIONS, "host": {"asgi_apps", *http_proxy.VARIABLES, *HOST_OPTIONS}}
    kinds = [kind for kind, options in known.items() if values.keys() <= set(options)]
    assert kinds, f"what is this? {text}"
    return Shown(kinds[0], text)


def parameters(*kinds: str) -> list[Any]:
    """Return the blocks of these kinds, by their pages."""
    blocks = [block for block in pages.blocks() if block.kind == "yaml" and block.page != pages.RECIPES]
    shown = [(f"{block.page}-{number}", shown_in(block.text)) for number, block in enumerate(blocks)]
    return [pytest.param(one, id=name) for name, one in shown if one.kind in kinds]


def filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    return VARIABLES[value] if isinstance(value, str) and "{{" in value else value


def provide(app: dict[str, Any], base: str) -> None:
    """Make what the application takes from the controller."""
    for folder in filter(None, (app.get("directory"), app.get("wheelhouse"))):
        resolve_path(folder, base).mkdir(parents=True, exist_ok=True)
        (resolve_path(folder, base) / "shop-1.4.2-py3-none-any.whl").touch()
        for name, version in pinned(certbot_locks(None)[0].read_text(encoding="utf-8")).items():
            (resolve_path(folder, base) / f"{name}-{version}-py3-none-any.whl").touch()
    if path := (app.get("archive") or {}).get("path"):
        resolve_path(path, base).parent.mkdir(parents=True, exist_ok=True)
        resolve_path(path, base).touch()


@pytest.mark.parametrize("shown", parameters("inventory", "host", "app"))
def test_what_is_shown_is_taken(inventory: dict[str, Any], tmp_path: Path, shown: Shown) -> None:
    for variables in hosts_of(shown, inventory, tmp_path):
        base = str(tmp_path / "inventory")
        contents: dict[str, Any] = {}
        for app in variables["asgi_apps"]:
            provide(app, base)
            contents |= {path: {"content": ""} for _, path in named_files(app)}
        assert inventory_errors(variables, contents, base) == []


@pytest.mark.parametrize("shown", parameters("tasks"))
def test_a_task_that_is_shown_has_a_module_s_options(shown: Shown) -> None:
    for task in yaml.safe_load(shown.text):
        for name in (word for word in task if word.startswith("asgi.deploy.")):
            options = docs.documented(name.rpartition(".")[2], "module")[0]["options"]
            settings = (task[name] or {}).keys()
            assert {key for key, option in options.items() if option.get("required")} <= settings <= options.keys()


def hosts_of(shown: Shown, inventory: dict[str, Any], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the variables of each host when a reader writes what is shown; what is left out is as in another
    inventory.
    """
    if shown.kind == "inventory":
        file = folder / "inventory.yml"
        file.write_text(shown.text)
        manager = InventoryManager(loader=DataLoader(), sources=[str(file)])
        for host in manager.get_hosts("asgi"):
            yield filled({"asgi_apps": None, **manager.groups["asgi"].get_vars(), **host.get_vars()})
        return
    apps = shown.values.get("asgi_apps", [{}]) if shown.kind == "host" else [shown.values]
    others = shown.values if shown.kind == "host" else {}
    yield {
        **inventory,
        **filled(others),
        "asgi_apps": [with_options(inventory["asgi_apps"][0], filled(app)) for app in apps],
    }


def with_options(app: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    """Return an application with what is shown of it."""
    taken = {"version", *SOURCES} if SOURCES.keys() & shown.keys() else set()
    return {**{key: value for key, value in app.items() if key not in taken}, **shown}


def test_a_block_of_something_else_does_not_pass() -> None:
    for text in ("workers: 4\nwrokers: 4\n", "asgi: {}\nother: 1\n", "- 1\n", "workers: 4\nworkers: 5\n"):
        with pytest.raises((AssertionError, AttributeError)):
            shown_in(text)


@pytest.mark.parametrize("kind", ["inventory", "host", "app", "tasks"])
def test_each_kind_is_found(kind: str) -> None:
    assert parameters(kind)


@pytest.mark.parametrize("page", ["README.md", "docs/start.md", "docs/troubleshooting.md"])
def test_a_page_that_names_systems_names_all_of_them(page: str) -> None:
    lines = [line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if "Debian 12" in line]
    assert lines
    for line in lines:
        assert {platform.version for platform in PLATFORMS} <= set(re.findall(r"\b\d+\b", line)), line


def test_settings_are_current() -> None:
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), "write it again: make docs"


def test_variables_are_current() -> None:
    text = docs.OPTIONS.read_text(encoding="utf-8")
    assert "| `asgi_app` | all |" in text
    assert text == docs.with_variables(text), "write it again: make docs"


def test_plugins_are_current() -> None:
    assert docs.PLUGINS_PAGE.read_text(encoding="utf-8") == docs.plugins_page(), "write it again: make docs"


@pytest.mark.parametrize("role", docs.ROLES)
def test_roles_are_current(role: str) -> None:
    page = ROOT / "roles" / role / "README.md"
    assert page.read_text(encoding="utf-8") == docs.role_page(role), "write it again: make docs"


def test_every_name_is_there() -> None:
    text = docs.page()
    assert [name for name in [*SETTINGS, *HOOKS, *REFUSED] if f"`{name}`" not in text] == []
    assert "O(" not in text and "V(" not in text and "C(" not in text
