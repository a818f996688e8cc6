"""Every inventory and option in the documentation is one that a run would take; what is generated is current."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.asgi.deploy.plugins.plugin_utils.certificates import certbot_locks
from ansible_collections.asgi.deploy.plugins.plugin_utils.controller import named_files, on_controller
from ansible_collections.asgi.deploy.plugins.plugin_utils.plan import inventory_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils.servers import HOOKS, REFUSED, SETTINGS
from ansible_collections.asgi.deploy.plugins.plugin_utils.sources import SOURCES
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils.wheels import pinned

from tests import docs

TOP = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What stands for the reader's own variables.
VARIABLES = {
    "{{ vault_shop_key }}": "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----",
    "{{ vault_index_password }}": "secret",
    "{{ vault_database_password }}": "a secret",
    "{{ lookup('ansible.builtin.file', 'keys/signing.pem') }}": "a secret in lines\n",
    "{{ vault_ops_hash }}": f"$6$salt${'a' * 86}",
    "{{ vault_ops_password }}": "open sesame",
}


def applications(text: str) -> Iterator[dict[str, Any]]:
    """The applications in a block; where it shows options alone, one for each paragraph."""
    whole = yaml.safe_load(text)
    found = whole.get("asgi", {}).get("vars", whole).get("asgi_apps")
    if found is not None:
        yield from found
        return
    options = role_options("app")["app_spec"]["options"]
    for paragraph in re.split(r"\n{2,}", text):
        shown = yaml.safe_load(paragraph)
        if shown and options.keys() & shown.keys():
            yield shown


SHOWN = [
    pytest.param(app, id=f"{file.relative_to(TOP)}-{number}")
    for file in (TOP / "README.md", *sorted((TOP / "docs").glob("*.md")))
    for block in BLOCK.findall(file.read_text(encoding="utf-8"))
    for number, app in enumerate(applications(textwrap.dedent(block)))
]


def filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    return VARIABLES[value] if isinstance(value, str) and "{{" in value else value


def provide(app: dict[str, Any], base: str) -> None:
    """Makes what the application takes from the controller."""
    for folder in filter(None, (app.get("directory"), app.get("wheelhouse"))):
        on_controller(folder, base).mkdir(parents=True, exist_ok=True)
        (on_controller(folder, base) / "shop-1.4.2-py3-none-any.whl").touch()
        for name, version in pinned(certbot_locks(None)[0].read_text(encoding="utf-8")).items():
            (on_controller(folder, base) / f"{name}-{version}-py3-none-any.whl").touch()
    if path := (app.get("archive") or {}).get("path"):
        on_controller(path, base).parent.mkdir(parents=True, exist_ok=True)
        on_controller(path, base).touch()


@pytest.mark.parametrize("shown", SHOWN)
def test_what_is_shown_is_taken(inventory: dict[str, Any], tmp_path: Path, shown: dict[str, Any]) -> None:
    app = inventory["asgi_apps"][0]
    if SOURCES.keys() & shown.keys():
        app = {key: value for key, value in app.items() if key not in (*SOURCES, "version")}
    app = {**app, **filled(shown)}
    base = str(tmp_path / "inventory")
    provide(app, base)
    contents = {path: {"content": ""} for _, path in named_files(app)}
    assert inventory_errors({**inventory, "asgi_apps": [app]}, contents, base) == []


def test_all_of_it_is_found() -> None:
    """A block that is not understood would be passed over."""
    assert {str(param.id).rsplit("-", 1)[0] for param in SHOWN} == {
        "README.md",
        "docs/backing-services.md",
        "docs/files.md",
        "docs/logs-and-health.md",
        "docs/sandbox.md",
        "docs/secrets.md",
        "docs/settings.md",
        "docs/sources.md",
        "docs/web.md",
    }
    assert len(SHOWN) >= 10


def test_settings_are_current() -> None:
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), "write it anew: make docs"


@pytest.mark.parametrize("role", docs.ROLES)
def test_roles_are_current(role: str) -> None:
    page = TOP / "roles" / role / "README.md"
    assert page.read_text(encoding="utf-8") == docs.role_page(role), "write it anew: make docs"


def test_every_name_is_there() -> None:
    text = docs.page()
    assert [name for name in [*SETTINGS, *HOOKS, *REFUSED] if f"`{name}`" not in text] == []
    assert "O(" not in text and "V(" not in text and "C(" not in text
