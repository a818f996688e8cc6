"""Which versions of an application's own a server does not work with."""

from __future__ import annotations

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.requirement_hashes import pins
from ansible_collections.asgi.deploy.plugins.module_utils._shared.server_versions import (
    LEAST,
    unfit_requirement,
    unfit_version,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.version_specifiers import parse_version
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.server_settings import SERVERS
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.servers import NEEDS, OPTIONAL

from tests import ROOT

NEEDED = {"gunicorn", "uvicorn", "websockets", "python-json-logger"}
LOCK = pins((ROOT / "roles" / "app" / "files" / "server.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("uvicorn==0.29.0", "uvicorn==0.29.0"),
        ("uvicorn[standard]==0.29.0 --hash=sha256:00", "uvicorn==0.29.0"),
        ("Uvicorn == 0.29", "Uvicorn== 0.29"),
        ("uvicorn===0.29.0", "uvicorn===0.29.0"),
        ("uvicorn (==0.29.0)", "uvicorn==0.29.0"),
        ("uvicorn==0.29.0.post1", "uvicorn==0.29.0.post1"),
        ("uvicorn==0.29.*", "uvicorn==0.29.*"),
        ("uvicorn>=0.20,<0.30", "uvicorn>=0.20,<0.30"),
        ("uvicorn>=0.20, <=0.29.9", "uvicorn>=0.20,<=0.29.9"),
        ("uvicorn~=0.29.0", "uvicorn~=0.29.0"),
        ("gunicorn==20.1.0", "gunicorn==20.1.0"),
        ("gunicorn~=20.1", "gunicorn~=20.1"),
        ("python_json_logger==0.1.11", "python_json_logger==0.1.11"),
    ],
)
def test_what_allows_only_older_ones_is_found(line: str, found: str) -> None:
    unfit = unfit_requirement(line, "gunicorn", NEEDED)
    assert unfit is not None
    assert unfit.found == found
    assert unfit.expected == f"{unfit.name}>={LEAST['gunicorn'][unfit.name]}"


@pytest.mark.parametrize(
    "line",
    [
        "uvicorn",
        "uvicorn==0.30.0",
        "uvicorn==0.30",
        "uvicorn==0.54.0",
        "uvicorn==1.0",
        "uvicorn==0.30.*",
        "uvicorn==0.*",
        "uvicorn~=0.29",
        "uvicorn<1",
        "uvicorn<=0.30.0",
        "uvicorn!=0.29.0",
        "uvicorn>0.20",
        "uvicorn>=0.20",
        "uvicorn==0.29.0 ; python_version < '3.9'",
        "uvicorn @ https://files.example.com/uvicorn-0.29.0-py3-none-any.whl",
        "uvicorn-worker==0.1.0",
        "httptools==0.1",
        "fastapi==0.1",
        "gunicorn==21.2.0",
        "python-json-logger==2.0.7",
        "./uvicorn",
        "uvicorn==nonsense",
    ],
)
def test_what_allows_others_is_none(line: str) -> None:
    assert unfit_requirement(line, "gunicorn", NEEDED) is None


def test_a_distribution_that_serves_nothing_is_none() -> None:
    """An application may have any uvicorn as long as gunicorn serves it by WSGI."""
    assert unfit_requirement("uvicorn==0.1", "gunicorn-wsgi", {"gunicorn"}) is None
    assert unfit_requirement("uvicorn==0.1", "gunicorn", {"gunicorn"}) is None
    assert unfit_requirement("uvicorn==0.1", "", NEEDED) is None


def test_versions_that_are_installed() -> None:
    assert unfit_version("uvicorn", "0.29.0.post1", "uvicorn", NEEDED) == unfit_requirement(
        "uvicorn==0.29.0.post1", "uvicorn", NEEDED
    )
    for version in ("0.30.0", "0.30", "0.30.0rc1", "1.0.dev3", "strange"):
        assert unfit_version("uvicorn", version, "uvicorn", NEEDED) is None
    assert unfit_version("gunicorn", "23.0.0", "gunicorn", NEEDED) is None
    assert unfit_version("gunicorn", "23.0.0", "gunicorn-asgi", NEEDED) is not None


def test_every_server_has_its_limits_and_the_lock_is_within_them() -> None:
    assert set(LEAST) == set(SERVERS)
    for server, least in LEAST.items():
        assert set(least) <= NEEDS[server] | set(OPTIONAL.values())
        assert all(parse_version(LOCK[name]) >= parse_version(version) for name, version in least.items())


@pytest.mark.parametrize("page", ["docs/servers.md", "tests/bench/servers/files/choice.md"])
def test_the_page_has_the_table(page: str) -> None:
    """The second one is what `make bench` writes the page from."""
    text = (ROOT / page).read_text(encoding="utf-8").partition("## Versions of your own\n")[2].partition("\n## ")[0]
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    servers = rows[0][1:]
    table = {
        (server, row[0].partition(",")[0]): cell
        for row in rows[2:]
        for server, cell in zip(servers, row[1:], strict=True)
        if cell
    }
    assert table == {(server, name): least for server, names in LEAST.items() for name, least in names.items()}
