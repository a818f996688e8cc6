"""Where an application comes from: what is planned, what is refused, and what it is on a host."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.sources import application_folder, source_of
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import SourceEntry
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors

Facts = Callable[[str], Any]

SHA = "0123456789abcdef" * 4
URL = "https://example.com/dl/shop-1.4.2.tar.gz"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
ONE = (
    "expected exactly one source, such as git: https://git.example.com/shop.git; "
    "archive: {path: dist/shop-1.4.2.tar.gz}; directory: ../shop; package: shop==1.4.2"
)


def planned(spec: dict[str, Any], facts: Facts, **changes: Any) -> AppPlan:
    del spec["git"]
    return app_plan({**spec, **changes}, facts("13"))


@pytest.mark.parametrize(
    ("changes", "version", "source"),
    [
        pytest.param(
            {"archive": {"url": URL, "sha256": SHA}},
            "shop-1.4.2",
            {"kind": "archive", "url": URL, "sha256": SHA, "name": "shop-1.4.2.tar.gz", "subdirectory": None},
            id="fetched",
        ),
        pytest.param(
            {"archive": {"path": "dist/shop-2.tar.xz"}, "subdirectory": "backend"},
            "shop-2",
            {"kind": "archive", "url": None, "sha256": None, "name": "shop-2.tar.xz", "subdirectory": "backend"},
            id="file",
        ),
        pytest.param({"archive": {"path": "~/a.zip"}, "version": "v7"}, "v7", {"name": "a.zip"}, id="named"),
        pytest.param({"directory": "/srv/shop/"}, "shop", {"kind": "archive", "name": "shop"}, id="directory"),
        pytest.param({"directory": "/"}, "application", {"name": "application"}, id="root"),
        pytest.param(
            {"package": "shop==1.4.2"}, "1.4.2", {"kind": "package", "requirements": ["shop==1.4.2"]}, id="package"
        ),
        pytest.param(
            {"package": "shop[redis]==1.4.2", "extras": ["postgres", "redis"]},
            "1.4.2",
            {"requirements": ["shop[postgres,redis]==1.4.2"]},
            id="extras",
        ),
        pytest.param(
            {"package": ["shop==1.4.2", "shop-mail[smtp]==2", "httpx==0.28.1"], "extras": ["redis"]},
            "1.4.2",
            {"requirements": ["shop[redis]==1.4.2", "httpx==0.28.1", "shop-mail[smtp]==2"]},
            id="plugins, whose order does not count",
        ),
    ],
)
def test_plan(spec: dict[str, Any], facts: Facts, changes: Any, version: str, source: dict[str, Any]) -> None:
    plan = planned(spec, facts, **changes)
    assert plan["version"] == version
    assert source.items() <= plan["source"].items()
    assert plan["packages"] == ["python3-venv", "nftables"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"git": None}, f"git: is missing; {ONE}", id="none"),
        pytest.param({"directory": "/"}, f"git: found git and directory together; {ONE}", id="two"),
        pytest.param(
            {"git": None, "package": "shop==1", "subdirectory": "backend"},
            "subdirectory: is for git, archive, directory, and has no effect on package; leave it out",
            id="subdirectory of a package",
        ),
        pytest.param(
            {"git": None, "package": "shop==1", "version": "v1"},
            "version: is for git, archive, directory, and has no effect on package; leave it out",
            id="version of a package",
        ),
        pytest.param(
            {"git": None, "directory": "/", "submodules": True},
            "submodules: is for git, and has no effect on directory; leave it out",
            id="submodules of a directory",
        ),
        pytest.param(
            {"deploy_key": KEY},
            "deploy_key: is an SSH key, and has no effect on https://git.example.com/shop.git; "
            "write git: git@git.example.com:shop.git",
            id="key without SSH",
        ),
        pytest.param(
            {"deploy_key": ["secret"], "git": "git@git.example.com:shop.git"},
            "deploy_key: found a value that is not shown, expected text",
            id="key of another type",
        ),
        pytest.param(
            {"git": None, "archive": {}},
            "archive: found neither url and path; expected one of them, as in archive: "
            "{url: https://example.com/shop-1.4.2.tar.gz, sha256: …} or archive: {path: dist/shop-1.4.2.tar.gz}",
            id="empty archive",
        ),
        pytest.param(
            {"git": None, "archive": {"url": URL}},
            "archive.sha256: is missing; what a host fetches is unpacked only if it is what you meant; "
            "expected what `sha256sum shop-1.4.2.tar.gz` prints",
            id="no checksum",
        ),
        pytest.param(
            {"git": None, "archive": {"path": "nowhere/a.zip"}},
            "archive.path: found 'nowhere/a.zip', but {base}/nowhere/a.zip is no file on the controller",
            id="no file",
        ),
        pytest.param(
            {"git": None, "directory": "nowhere"},
            "directory: found 'nowhere', but {base}/nowhere is no folder on the controller",
            id="no folder",
        ),
        pytest.param(
            {"wheelhouse": "wheels"},
            "wheelhouse: found 'wheels', but {base}/wheels on the controller holds no wheel; "
            "ansible-playbook asgi.deploy.wheelhouse fills it",
            id="no wheels",
        ),
        pytest.param(
            {"index": {"url": "https://pypi.example.com/simple", "password": "s3cret"}},
            "index.username: is missing; expected who the password is of, as in username: __token__",
            id="password without a user",
        ),
        pytest.param(
            {"index": {"username": "x"}},
            "index.url: is missing; expected text, as in url: https://pypi.example.com/simple",
            id="index without an address",
        ),
        pytest.param(
            {"python": 3.13}, "python: found 3.13, which YAML reads as a number; put it in quotes", id="number"
        ),
        pytest.param({"archve": {}}, "archve: is not an option; did you mean archive?", id="misspelt"),
    ],
)
def test_mistakes(inventory: dict[str, Any], tmp_path: Path, changes: dict[str, Any], error: str) -> None:
    inventory["asgi_apps"][0].update(changes)
    expected = "asgi_apps[0] (shop)." + error.replace("{base}", str(tmp_path))
    assert inventory_errors(inventory, None, str(tmp_path)) == [expected]


def test_an_application_that_is_to_go_needs_no_source(inventory: dict[str, Any]) -> None:
    shop = inventory["asgi_apps"][0]
    shop |= {"state": "absent", "git": None, "directory": "nowhere", "wheelhouse": "nowhere"}
    assert inventory_errors(inventory) == []


def test_a_wheelhouse_that_is_still_to_be_filled(inventory: dict[str, Any], tmp_path: Path) -> None:
    inventory["asgi_apps"][0]["wheelhouse"] = "wheels"
    assert inventory_errors(inventory, None, str(tmp_path), wheelhouse=False) == []
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "a-1-py3-none-any.whl").touch()
    (error,) = inventory_errors(inventory, None, str(tmp_path))
    version = re.search(r"certbot==([0-9.]+)", error)
    assert version and error == (
        f"asgi_apps[0] (shop).wheelhouse: found 'wheels', but {tmp_path}/wheels on the controller holds no wheel of "
        f"certbot=={version[1]}, which gets the certificate; ansible-playbook asgi.deploy.wheelhouse adds it"
    )
    assert inventory_errors({**inventory, "certificate_source": "self-signed"}, None, str(tmp_path)) == []
    (tmp_path / "wheels" / f"certbot-{version[1]}-py3-none-any.whl").touch()
    assert inventory_errors(inventory, None, str(tmp_path)) == []
    plugin: dict[str, Any] = {"certificate_challenge": "dns", "certificate_dns_plugin": {"name": "google"}}
    assert "no wheel of certbot-dns-google==" in str(inventory_errors({**inventory, **plugin}, None, str(tmp_path)))


GIT = {"kind": "git", "url": "https://git.example.com/shop.git", "deploy_key": None, "submodules": False}
ARCHIVE = {"kind": "archive", "url": None, "sha256": SHA, "name": "shop.zip"}


@pytest.mark.parametrize(
    ("options", "description"),
    [
        (
            {**GIT, "subdirectory": "backend"},
            {"kind": "git", "url": GIT["url"], "commit": SHA, "subdirectory": "backend"},
        ),
        ({**ARCHIVE, "subdirectory": None}, {"kind": "archive", "name": "shop.zip", "sha256": SHA}),
        (
            {**ARCHIVE, "url": URL, "subdirectory": None},
            {"kind": "archive", "name": "shop.zip", "sha256": SHA, "url": URL},
        ),
        ({"kind": "package", "requirements": [SHA]}, {"kind": "package", "requirement": SHA}),
    ],
)
def test_description(tmp_path: Path, options: dict[str, Any], description: dict[str, Any]) -> None:
    assert source_of(cast("SourceEntry", options), tmp_path).describe(SHA) == description


def test_a_deploy_key_is_no_part_of_a_release(tmp_path: Path) -> None:
    entries = [cast("SourceEntry", {**GIT, "subdirectory": None, "deploy_key": key}) for key in (None, KEY)]
    sources = [source_of(entry, tmp_path) for entry in entries]
    assert sources[0].content(SHA) == sources[1].content(SHA)
    assert KEY not in str(sources[1].describe(SHA))


def test_where_the_application_lies(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "backend" / "app").mkdir(parents=True)
    (tree / "out").symlink_to(tmp_path)
    (tree / "file").touch()
    assert application_folder(tree, None, "x") == tree
    assert application_folder(tree, "backend/app", "x") == tree / "backend" / "app"
    for errors in ("frontend", "out", "file"):
        with pytest.raises(
            DeployError, match=f"subdirectory: found '{errors}', which is no folder of x; it has backend"
        ):
            application_folder(tree, errors, "x")
