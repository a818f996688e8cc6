"""What modules write into the journal of a host, and what they mask in their answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.asgi.deploy.plugins.module_utils._module import check, discreet_module
from ansible_collections.asgi.deploy.plugins.modules import files, look, release

KEY = "-----BEGIN KEY-----\nabc\\d'e\"f\n"
SPEC: dict[str, Any] = {
    "desired": {
        "type": "dict",
        "options": {"key": {"type": "str", "no_log": True}, "plain": {"type": "str"}, "number": {"type": "int"}},
    },
    "name": {"type": "str"},
}

RELEASE = {
    "source": {"kind": "git", "url": "https://git.example.com/shop.git"},
    "version": "v1",
    "files": {},
    "environment": f"KEY={KEY}",
    "secrets": {"KEY": KEY},
    "tree": {"files": {}, "links": {}, "static": {}},
    "units": {},
    "server_requirements": [],
    "dependency_keys": {"ssh://git@git.example.com/lib.git": KEY},
    "package_indexes": [{"name": "team", "url": "https://pypi.example.com/simple", "username": "ops", "password": KEY}],
    "build": [],
    "steps": {"commands": [["true"]], "env": {}, "secrets": {"TOKEN": KEY}, "network": True},
    "host_name": "shop.example.com",
    "gate": {"path": "/", "status": ["200"], "timeout": 1, "successes": 1, "workers": 1, "uptime": 1},
    "watch": {"seconds": 0, "error_percent": 1, "errors": 1},
    "keep": 1,
    "worker_count": 1,
    "workers_reason": "asked for",
    "metadata": {"by_nft": True, "application": True},
}


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the texts that modules log."""
    texts: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda _self, text, log_args=None: texts.append(str(text)))
    return texts


def given(monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    """Set the options that the next module reads."""
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)  # since ansible-core 2.19


def test_an_option_that_is_not_logged(
    monkeypatch: pytest.MonkeyPatch, logged: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, desired={"key": KEY, "plain": "shown"}, name="shop")
    module = discreet_module(SPEC, "desired")
    assert logged == ["Invoked with desired=NOT_LOGGING_PARAMETER name=shop"]
    with pytest.raises(SystemExit):
        module.exit_json(plain="shown", key=KEY)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["plain"], "abc" in answer["key"]) == ("shown", False)


def test_one_of_them_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, logged: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch)
    module = discreet_module({})
    with pytest.raises(SystemExit):
        check(module, SPEC["desired"]["options"], {"key": KEY, "number": "many"}, "parts: ")
    answer = json.loads(capsys.readouterr().out)
    assert answer["msg"].startswith("parts: ") and "number" in answer["msg"]
    assert logged == ["Invoked with "] or logged == ["Invoked"]


@pytest.mark.parametrize(
    ("module", "options"),
    [
        (files, {"files": [{"path": "/nowhere/key.pem", "secret_content": KEY}]}),
        (release, {"name": "shop", "by": "ops", "desired": RELEASE}),
        (look, {"looks": [{"kind": "parts", "options": {"files": [{"path": "/nowhere", "secret_content": KEY}]}}]}),
    ],
    ids=lambda value: value.__name__.rpartition(".")[2] if hasattr(value, "main") else "",
)
def test_modules_that_are_given_secrets(
    monkeypatch: pytest.MonkeyPatch,
    logged: list[str],
    capsys: pytest.CaptureFixture[str],
    module: Any,
    options: dict[str, Any],
) -> None:
    given(monkeypatch, _ansible_check_mode=True, **options)
    with pytest.raises(SystemExit):
        module.main()
    output = capsys.readouterr().out
    assert len(logged) >= 1, "it came as far as that"
    assert "abc" not in "".join(logged) + output, "a piece of the secret"
