"""Secrets: what they add to a release's name, when they must be written again, and what is masked."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.builder import ReleaseBuilder
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.credentials import keyed_digest, load_key, seal
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.inputs import ReleaseInputs
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.masking import masked
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.validators import ENV_MAX, env, secrets

VALUE = "hunter22"
COMMIT = "a" * 40


@pytest.fixture(autouse=True)
def anybody_may_be_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow any user to chown, so that a file keeps the owner who runs the tests."""
    if os.geteuid():
        monkeypatch.setattr(os, "fchown", lambda *args: None)


def builder(home: Path, **values: str) -> ReleaseBuilder:
    source = dict.fromkeys(("sha256", "name", "subdirectory", "deploy_key"))
    options: dict[str, Any] = {"source": {**source, "kind": "git", "url": "/x", "submodules": False}, "secrets": values}
    rest: dict[str, Any] = {
        "files": {},
        "environment": "",
        "tree": {"files": {}, "links": {}, "static": {}},
        "units": {},
    }
    inputs = ReleaseInputs(**options, **rest, version="v1", server_requirements=[], installer="pip", build=[])
    return ReleaseBuilder(Layout("shop", PurePosixPath(home)), inputs)


def test_the_same_secrets_are_the_same_release_and_others_another(tmp_path: Path) -> None:
    first = builder(tmp_path, A=VALUE).identify(COMMIT)
    assert builder(tmp_path, A=VALUE).identify(COMMIT) == first
    others = [builder(tmp_path, A="hunter23"), builder(tmp_path, B=VALUE), builder(tmp_path)]
    assert len({first, *(other.identify(COMMIT) for other in others)}) == 4


def test_an_attacker_without_the_key_cannot_distinguish_a_guess_from_a_miss(tmp_path: Path) -> None:
    """Two hosts with the same of everything have names of their own."""
    names = {builder(tmp_path / host, A=VALUE).identify(COMMIT) for host in ("one", "two")}
    assert len(names) == 2
    assert keyed_digest({"A": VALUE}, b"one") != keyed_digest({"A": VALUE}, b"two")
    path = tmp_path / "one" / "shop" / ".key"
    assert (path.stat().st_mode & 0o777, path.stat().st_size) == (0o600, 32)


def test_a_prediction_makes_no_key(tmp_path: Path) -> None:
    assert builder(tmp_path, A=VALUE).predict(COMMIT) is None
    assert builder(tmp_path).predict(COMMIT) == builder(tmp_path).identify(COMMIT)
    assert not list(tmp_path.rglob(".key"))
    assert load_key(tmp_path / ".key", make=False) is None
    made = builder(tmp_path, A=VALUE).identify(COMMIT)
    assert builder(tmp_path, A=VALUE).predict(COMMIT) == made


def test_inputs_do_not_show_them(tmp_path: Path) -> None:
    assert VALUE not in repr(builder(tmp_path, A=VALUE).inputs)


def test_seal_is_broken_by_any_change(tmp_path: Path) -> None:
    folder, host_key = tmp_path / "secrets", tmp_path / "key"
    seen = {seal(folder, host_key)}
    folder.mkdir()
    for path, text in ((folder / "A", "1"), (folder / "A", "2"), (folder / "B", "2"), (host_key, "k"), (host_key, "l")):
        path.write_text(text)
        seen.add(seal(folder, host_key))
    assert len(seen) == 6
    (folder / "B").unlink()
    assert seal(folder, host_key) not in seen


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password hunter22!", "hunter22"),
        ('{"message": "a\\"b\\\\c\\nd"}', 'a"b\\c\nd'),
        ("ValueError('it is\\there')", "it is\there"),
        ("-----BEGIN-----", "-----BEGIN-----\nabcdefghij\nab"),
        ("line abcdefghij of it", "-----BEGIN-----\nabcdefghij\nab"),
    ],
)
def test_masked(text: str, value: str) -> None:
    shown = masked(text, [value])
    assert "********" in shown
    assert not any(line in shown for line in value.splitlines() if len(line) > 2)


def test_the_longer_of_two_is_masked_whole() -> None:
    assert masked("hunter22-and-more hunter22", ["hunter22", "hunter22-and-more"]) == "******** ********"


def test_nothing_is_masked_without_secrets() -> None:
    assert masked("as it is", []) == "as it is"


@pytest.mark.parametrize(
    "value", [{}, {"A": VALUE}, {"_9": "ü" * 32768}, {"PEM": "one\r\ntwo\n\x1b"}, {"A" * 128: "x" * 8}]
)
def test_secrets_that_are_right(value: dict[str, Any]) -> None:
    assert secrets(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"A": "short77"}, "A is 7 bytes long, expected 8 to 65536; a short one can be guessed"),
        ({"A": "x" * 65537}, "A is 65537 bytes long, expected 8 to 65536"),
        ({"A": 12345678}, "A is no text but a whole number; put it in quotes"),
        ({"A": None}, "A is no text but nothing"),
        ({"A": [VALUE]}, "A is no text but a list"),
        ({"A": "seven77\0"}, "A holds a NUL"),
        ({"A-B": VALUE}, "'A-B' is no name of an environment variable"),
        ({"A=hunter22": VALUE}, "'A=…' is no name of an environment variable"),
        ({"A" * 129: VALUE}, "is no name of an environment variable"),
        *(
            ({name: VALUE}, f"{name} is read before secrets are there")
            for name in ("PYTHONPATH", "LD_PRELOAD", "PATH", "WORKERS", "ASGI_APP", "CREDENTIALS_DIRECTORY")
        ),
        (
            {f"A{number}": "x" * 65536 for number in range(9)},
            "they are 589824 bytes long together, expected at most 524288",
        ),
    ],
)
def test_secrets_that_are_wrong(value: dict[str, Any], text: str) -> None:
    error = secrets(value)
    assert error and text in error
    assert VALUE not in error


def test_environment_that_no_program_can_be_given() -> None:
    assert env({"A": "x" * (ENV_MAX - 3)}) is None
    assert env({"A": "x" * (ENV_MAX - 2)}) == "A is longer than a program can be given; write it in files"


def test_planned(spec: dict[str, Any], facts: Any) -> None:
    plan = app_plan({**spec, "secrets": {"B": VALUE, "A": VALUE}}, facts("13"))
    assert plan["serving"]["runtime"]["secrets"] == ["A", "B"]
    assert plan["launcher"] == "/srv/asgi/shop/releases/%i/venv/bin/python -m asgi_deploy_runtime.run "
    assert VALUE not in re.sub(r"'secrets': \{[^}]*\}", "", repr(plan))
