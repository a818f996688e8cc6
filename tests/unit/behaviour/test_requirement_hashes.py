"""Hashes of requirements: which lack them, and that the collection's own are those of what it installs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build import installers
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import Requirements, check_protection
from ansible_collections.asgi.deploy.plugins.module_utils._shared import requirement_hashes as hashes
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.servers import NEEDED_BY
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

from tests import ROOT

SERVER = (ROOT / "roles" / "app" / "files" / "server.txt").read_text(encoding="utf-8")
WHERE = "/srv/git/shop.git at v1 (0a1b2c3d4e5f)"
GOOD = "a==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"
GOOD += "# a comment\n--index-url https://a.example\nb[x]==2 --hash=sha256:22\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (GOOD, []),
        ("", []),
        (f"{GOOD}c==3\n", ["c"]),
        (f"{GOOD}C.d[x] >= 3 ; python_version < '4'  # why\n", ["C.d"]),
        (f"{GOOD}-e .\n--editable=./x\n", ["-e .", "--editable=./x"]),
        (f"{GOOD}./libs/x\n", ["./libs/x"]),
        (f"{GOOD}d @ git+https://a.example/d@0a1b\n", ["d"]),
        ("a==1  # --hash=sha256:00\n", ["a"]),
        ("a==1 \\\r\n    --hash=sha256:00\r\n", []),
        (f"{GOOD}# a comment ends with its line \\\nc==3\n", ["c"]),
    ],
)
def test_unhashed(text: str, names: list[str]) -> None:
    assert hashes.unhashed(text) == names
    assert hashes.hashed(text) is (not names and bool(text))


def test_pins_and_what_is_left() -> None:
    assert hashes.pins(GOOD) == {"a": "1", "b": "2"}
    assert hashes.without(GOOD, {"a": "0"}) == "b[x]==2 --hash=sha256:22\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a==1\n", "uv.lock of {} has no hashes for a; write them with uv lock, or uv pip compile --generate-hashes"),
        ("".join(f"a{number}\n" for number in range(7)), "has no hashes for a0, a1, a2, a3, a4 and 2 more; write them"),
    ],
)
def test_an_application_without_hashes_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DeployError) as error:
        check_protection(Requirements("uv.lock", text, False), tmp_path, WHERE, hashes=True, insecure=False)
    assert str(error.value).startswith("require_hashes: uv.lock of")
    assert message.format(WHERE) in str(error.value)


def test_an_application_that_is_built_is_refused(tmp_path: Path) -> None:
    needed = Requirements("uv.lock", GOOD, False)
    check_protection(needed, tmp_path, WHERE, hashes=True, insecure=False)
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = ["hatchling"]\n')
    with pytest.raises(DeployError, match="what builds it would be fetched without hashes; remove"):
        check_protection(needed, tmp_path, WHERE, hashes=True, insecure=False)


def test_the_lock_of_servers_is_that_of_the_default() -> None:
    pins = hashes.pins(SERVER)
    default: Any = role_options("app")["app_spec"]["options"]["server_requirements"]["default"]
    assert {name: pins.get(name) for name in (item.split("==")[0] for item in default)} == {
        name: version for name, version in (item.split("==") for item in default)
    }
    assert hashes.hashed(SERVER)
    assert set((ROOT / "roles" / "app" / "files" / "server.in").read_text().split("\n")[1:-1]) == set(default)


def test_hashes_of_uv_are_those_of_the_index() -> None:
    text = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    (entry,) = (line for line in hashes.entries(text) if line.startswith("uv=="))
    assert entry.split()[0] == f"uv=={installers.UV_VERSION}"
    assert set(re.findall(r"sha256:(\w+)", entry)) == set(installers.UV_HASHES)
    assert hashes.hashed(installers.uv_requirement())


@pytest.mark.parametrize(
    ("options", "has", "lacks"),
    [
        ({}, {"gunicorn", "uvicorn", "h11", "click", "uvloop", "python-json-logger"}, {"prometheus-client"}),
        ({"server": "gunicorn-wsgi", "log": {"format": "text"}}, {"gunicorn", "setproctitle"}, {"uvicorn", "uvloop"}),
        ({"health": {"metrics": "/m"}}, {"prometheus-client"}, set()),
    ],
)
def test_what_serves_is_locked(
    spec: dict[str, Any], facts: Any, options: dict[str, Any], has: set[str], lacks: set[str]
) -> None:
    plan = app_plan({**spec, **options, "require_hashes": True}, facts("13"))
    names = set(hashes.pins(plan["server_lock"]))
    assert has <= names and not lacks & names
    assert hashes.hashed(plan["server_lock"])
    assert app_plan({**spec, **options}, facts("13"))["server_lock"] == plan["server_lock"]


def test_what_the_lock_holds_besides_is_left_out_with_what_needs_it(spec: dict[str, Any], facts: Any) -> None:
    default: Any = role_options("app")["app_spec"]["options"]["server_requirements"]["default"]
    assert {hashes.normalised(item.partition("==")[0]) for item in default} | NEEDED_BY.keys() == hashes.pins(
        SERVER
    ).keys()
    plan = app_plan({**spec, "server": "gunicorn-wsgi"}, facts("13"))
    assert not {"click", "h11"} & hashes.pins(plan["server_lock"]).keys()


def test_other_versions_of_a_server_are_left_out_of_the_lock(spec: dict[str, Any], facts: Any) -> None:
    """They are installed, without hashes."""
    requirements: Any = ["gunicorn==26.0.0", "uvicorn==0.54.0", "uvicorn-worker", "uvloop[x]==0.23.0"]
    plan = app_plan({**spec, "server_requirements": requirements}, facts("13"))
    assert plan["server_requirements"] == requirements
    assert set(hashes.pins(plan["server_lock"])) == {"uvicorn", "click", "h11"}
    assert hashes.unlocked(plan["server_lock"], requirements) == [
        "gunicorn==26.0.0",
        "uvicorn-worker",
        "uvloop[x]==0.23.0",
    ]


def test_what_the_application_has_with_hashes_is_not_unpinned() -> None:
    requirements: Any = ["gunicorn==26.0.0", "Uvicorn_Worker", "uvicorn[standard]==0.54.0", "uvloop"]
    text = "uvicorn-worker==0.4.0 --hash=sha256:00\nuvicorn==0.50.0 \\\n  --hash=sha256:00\nuvloop==0.23.0\n"
    assert hashes.unpinned(requirements, text) == ["gunicorn==26.0.0", "uvloop"]
    assert hashes.unpinned([], text) == []


def test_other_servers_have_no_hashes(inventory: dict[str, Any]) -> None:
    options = {"require_hashes": True, "server_requirements": ["gunicorn==26.0.0", "uvicorn"]}
    inventory["asgi_apps"][0] |= options
    assert [error.split(", of which")[0] for error in inventory_errors(inventory)] == [
        "asgi_apps[0] (shop).server_requirements: found 'gunicorn==26.0.0'",
        "asgi_apps[0] (shop).server_requirements: found 'uvicorn'",
    ]
