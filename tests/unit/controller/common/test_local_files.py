"""Files on the controller are read, decrypted and rendered; a refusal says what is wrong, and shows no content."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultEditor, VaultLib, VaultSecret
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import (
    named_files,
    read,
    read_all,
    unreadable,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

Facts = Callable[[str], Any]
Template = Callable[..., Any]


def encoded(content: bytes) -> dict[str, str]:
    return {"content": base64.b64encode(content).decode()}


def test_a_path_counts_from_the_inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "shop.env").write_bytes(b"\x00\xff")
    monkeypatch.chdir(tmp_path)
    assert read(DataLoader(), "shop.env", str(tmp_path / "inventory")) == b"\x00\xff"
    assert read(DataLoader(), str(tmp_path / "inventory" / "shop.env"), None) == b"\x00\xff"
    with pytest.raises(ValueError, match=r"found .shop\.env., which is no file on the controller"):
        read(DataLoader(), "shop.env", None)


def test_what_is_encrypted(tmp_path: Path) -> None:
    file = tmp_path / "shop.env"
    file.write_text("A=secret")
    vault = VaultLib([("default", VaultSecret(b"password"))])
    VaultEditor(vault).encrypt_file(str(file), vault.secrets[0][1])
    assert b"secret" not in file.read_bytes()
    loader = DataLoader()
    with pytest.raises(ValueError, match=r"found 'shop.env', which cannot be read: .*vault password") as error:
        read(loader, "shop.env", str(tmp_path))
    assert "secret must be specified" in str(error.value)
    loader.set_vault_secrets(vault.secrets)
    assert read(loader, "shop.env", str(tmp_path)) == b"A=secret"


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 1_048_577)
    with pytest.raises(
        ValueError, match="found 'large', which is larger than 1048576 bytes; keep it in the repository"
    ):
        read(DataLoader(), "large", str(tmp_path))


@pytest.mark.parametrize(
    ("app", "paths"),
    [
        ({}, []),
        (
            {"env_file": "a", "files": {"x": {"src": "b"}, "y": {"template": "c"}, "z": {"content": "d"}}},
            [("env_file", "a"), ("files", "b"), ("files", "c")],
        ),
        (
            {"tls": {"certificate": "a", "key": "b", "client_ca": "c", "ciphers": "d"}},
            [("tls.certificate", "a"), ("tls.key", "b"), ("tls.client_ca", "c")],
        ),
        ({"tls": ["a"], "env_file": "b"}, [("env_file", "b")]),
        ({"env_file": ["a"], "files": {"x": "b", "y": {"src": 5}, "z": {"src": ""}}}, []),
        ({"env_file": None, "files": ["x"]}, []),
    ],
)
def test_named_files(app: dict[str, Any], paths: list[tuple[str, str]]) -> None:
    assert named_files(app) == paths


def test_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"A=1")
    actual = read_all(DataLoader(), {"env_file": "a", "files": {"x": {"src": "none"}}}, str(tmp_path))
    assert actual["a"] == encoded(b"A=1")
    assert actual["none"] == {"error": f"found 'none', which is no file on the controller ({tmp_path}/none)"}


@pytest.mark.parametrize(
    ("app", "errors"),
    [
        ({"env_file": "a"}, []),
        ({"env_file": "none"}, ["env_file: it is gone"]),
        ({"tls": {"key": "none", "certificate": "a"}}, ["tls.key: it is gone"]),
        ({"tls": {"key": "other"}}, ["tls.key: found 'other', which was not read"]),
        ({"env_file": "none", "state": "absent"}, []),
    ],
)
def test_missing(app: dict[str, Any], errors: list[str]) -> None:
    assert unreadable(app, {"a": {"content": ""}, "none": {"error": "it is gone"}}) == errors


def test_what_is_added_to_a_release(here: Template, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff")
    (tmp_path / "b.j2").write_text("{{ greeting }}\n")
    (tmp_path / "c.j2").write_text("{{ app_plan.name }} {{ greeting }}\n")
    host = here(inventory_dir=str(tmp_path), greeting="hello ü")
    assert host.text("b.j2") == "{{ greeting }}\n"
    entries = [{"content": "text"}, {"src": "a"}, {"template": "b.j2"}, {"template": "c.j2"}]
    actual = [host.content(entry, {"name": "shop"}) for entry in entries]
    assert actual == [b"text", b"\xff", "hello ü\n".encode(), "shop hello ü\n".encode()]


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"src": "none"}, "found 'none', which is no file on the controller"),
        ({"template": "b.j2"}, "'greeting' is undef"),
    ],
)
def test_a_file_that_cannot_be_had(here: Template, tmp_path: Path, entry: dict[str, str], text: str) -> None:
    (tmp_path / "b.j2").write_text("{{ greeting }}\n")
    with pytest.raises((AnsibleError, ValueError)) as error:
        here(inventory_dir=str(tmp_path)).content(entry, {})
    assert text in str(error.value)


def test_environment_file(spec: dict[str, Any], facts: Facts) -> None:
    actual = {"shop.env": encoded(b"A=1\nB='2'\nWORKERS=3\n")}
    plan = app_plan({**spec, "env_file": "shop.env", "env": {"B": "$x", "C": 4}}, facts("13"), actual)
    assert plan["environment"] == 'A="1"\nB="\\$x"\nC="4"\nWORKERS="3"\n'
    assert (plan["workers"], plan["workers_reason"]) == (3, "given by WORKERS in env_file")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"A=1\nsecret\n", 'shop.env, line 2: expected KEY=value or KEY="two words"'),
        (b"A=\xff", "shop.env is no UTF-8 text"),
        (b"ASGI_APP=secret", "shop.env: ASGI_APP is set by the release itself; leave it out"),
        (b"A='\x00secret'", "shop.env: A holds a control character"),
    ],
)
def test_wrong_environment_file(inventory: dict[str, Any], content: bytes, error: str) -> None:
    inventory["asgi_apps"][0]["env_file"] = "shop.env"
    assert inventory_errors(inventory, {"shop.env": encoded(content)}) == [f"asgi_apps[0] (shop).env_file: {error}"]


def test_files_that_are_missing(inventory: dict[str, Any]) -> None:
    inventory["asgi_apps"][0].update(env_file="shop.env", files={"x": {"src": "a"}})
    assert inventory_errors(inventory, {"a": {"error": "found 'a', which is no file"}}) == [
        "asgi_apps[0] (shop).env_file: found 'shop.env', which was not read",
        "asgi_apps[0] (shop).files: found 'a', which is no file",
    ]


def test_no_value_is_shown(inventory: dict[str, Any]) -> None:
    inventory["asgi_apps"][0].update(env="SECRET=hidden", files=["hidden"])
    errors = inventory_errors(inventory)
    assert errors == [
        "asgi_apps[0] (shop).env: found a value that is not shown, expected a dictionary",
        "asgi_apps[0] (shop).files: found a value that is not shown, expected a dictionary",
    ]
