"""Whatever starts a program of an application, one copy of its code runs, on both releases of Debian."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.conftest import Web, web
from tests.integration.hosts import APPS, HOSTS, PATHS, PKI, Run, module, playbook
from tests.integration.sources import layouts
from tests.integration.sources.layouts import LAYOUTS, Layout
from tests.integration.sources.prepare import FOLDER

NAME = "one"
STARTED = ("server", "process", "job", "command", "exec")
HOSTS_OF_IT = (APPS, PATHS)
BOTH = FOLDER / "both.yml"


def entry(layout: Layout) -> dict[str, Any]:
    """Return the application's entry: each way to start a program writes what it sees."""
    return {
        "name": NAME,
        "directory": f"sources/{NAME}",
        **({"subdirectory": layout.folder} if layout.folder != "." else {}),
        "requirements": "uv.lock" if "packages" in layout.folder else "pyproject.toml",
        "module": "shop.where:app",
        "server": layout.server,
        "workers": 1,
        "watch": {"seconds": 0},
        "domains": ["one.example.com"],
        "proxy": "none",
        "tls": {"port": 8451, "certificate": f"{PKI}/server.pem", "key": f"{PKI}/server.key"},
        "files": {f"{layout.package}/written.txt": {"content": "of the entry"}},
        "storage": [f"{layout.package}/stored"],
        "build": ["where build"],
        "release_command": "where command",
        "processes": {"works": "python -m shop.where process"},
        "jobs": {"tick": {"command": "where job", "schedule": "yearly"}},
    }


def run(name: str, **variables: Any) -> Run:
    """Return a playbook on the hosts of the test."""
    return playbook("--extra-vars", json.dumps(variables), name=name, inventories=(HOSTS, BOTH))


@pytest.fixture(scope="module")
def ones() -> Iterator[list[Web]]:
    """Yield the application on each host; it is removed at the end."""
    yield [web(name, NAME, NAME) for name in HOSTS_OF_IT]
    run("remove", asgi_app=NAME, asgi_remove_data=True).ok()


# The folder src without a build is decided by the host, as unit tests show; a campaign sees it, too.
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.campaign] * (name == "src, not built")) for name in LAYOUTS]
)
def test_every_program_runs_the_same_copy(ones: list[Web], name: str) -> None:
    layout = LAYOUTS[name]
    layouts.write(layout, FOLDER / NAME)
    variables = {"certificate_email": "ops@example.com", "asgi_apps": [entry(layout)]}
    BOTH.write_text(json.dumps({"asgi": {"hosts": dict.fromkeys(HOSTS_OF_IT), "vars": variables}}))
    run("site").ok()
    with ThreadPoolExecutor() as pool:
        ended = [
            *pool.map(lambda one: module(one.host.name, "exec", name=NAME, command="where exec", by="tests"), ones)
        ]
    assert [each["rc"] for each in ended] == [0, 0], ended
    for one in ones:
        live = one.live()
        top = f"/srv/asgi/{NAME}/releases/{live}/{'src' if layout.folder == '.' else 'tree'}"
        one.host.run(f"systemctl start asgi-{NAME}.job-tick@{live}.service")
        notes = [f"/var/lib/asgi/{NAME}/{live}.{how}.json" for how in STARTED]
        text = one.eventually(f"cat {' '.join(notes)} /srv/asgi/{NAME}/releases/{live}/src/built.json")
        seen = {note.pop("how"): note for note in map(json.loads, text.splitlines())}
        expected = {
            "files": layout.expected(top, 3),
            "plugin": layout.expected(top, 2)[1:],
            "version": "1.4.2",
            "next to it": "of the repository",
            "written": "of the entry",
            "stored": f"/var/lib/asgi-storage/{NAME}/{layout.package}/stored",
        }
        assert seen.pop("build").items() >= {key: expected[key] for key in ("files", "plugin", "version")}.items()
        assert seen == {how: expected for how in STARTED}, one.host.name
