"""What storage, static files and limits add to an application's site and units."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan

Facts = Callable[[str], Any]
Render = Callable[..., str]
Verify = Callable[..., None]
Rendered = Callable[..., str]

STATIC = {"/static/": "public/static", "/assets/": {"folder": "dist/assets", "immutable": True}}


@pytest.fixture
def rendered(render: Render, spec: dict[str, Any], facts: Facts) -> Rendered:
    """Return a template of the application with some options."""
    return lambda name, **options: render("app", name, plan=app_plan({**spec, **options}, facts("13")), number=1)


def bounds(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(CPUQuota|MemoryMax|TasksMax|LimitNOFILE)=(.*)$", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("limits", "lines"),
    [
        ({}, {}),
        ({"files": 1024}, {"LimitNOFILE": "1024"}),
        ({"cpu": 1.5}, {"CPUQuota": "150%"}),
        ({"cpu": "0.29"}, {"CPUQuota": "29%"}),
        ({"cpu": 2}, {"CPUQuota": "200%"}),
        ({"memory": "1024", "tasks": 64}, {"MemoryMax": "1024M", "TasksMax": "64"}),
    ],
)
def test_limits(rendered: Rendered, limits: dict[str, Any], lines: dict[str, str]) -> None:
    """Without a limit of its own, the application leaves a tenth of the memory to the host."""
    assert bounds(rendered("app.service.j2", limits=limits)) == {"MemoryMax": "90%", "LimitNOFILE": "65536", **lines}


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({}, {"StateDirectory": "asgi/shop", "StateDirectoryMode": "0750"}),
        (
            {"storage": ["media", "var/up"], "cache": [".cache/thumbs"]},
            {
                "StateDirectory": "asgi/shop asgi-storage/shop/media asgi-storage/shop/var/up",
                "StateDirectoryMode": "0750",
                "CacheDirectory": "asgi-shop/.cache/thumbs",
                "CacheDirectoryMode": "0750",
            },
        ),
    ],
)
@pytest.mark.parametrize("name", ["app.service.j2", "command.service.j2"])
def test_directories(rendered: Rendered, name: str, options: dict[str, Any], lines: dict[str, str]) -> None:
    text = rendered(name, release_command="true", **options)
    assert dict(re.findall(r"^((?:State|Cache)Directory\w*)=(.*)$", text, re.MULTILINE)) == lines


def test_systemd_takes_all_of_it(rendered: Rendered, verify: Verify, tmp_path: Path) -> None:
    program = tmp_path / "gunicorn"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    limits = {"cpu": 1.5, "memory": 64, "tasks": 32, "files": 512}
    options: dict[str, Any] = {"limits": limits, "storage": ["a", "b/c"], "cache": ["d"]}
    service = re.sub(r"(?<=^ExecStart=)\S+", str(program), rendered("app.service.j2", **options), flags=re.MULTILINE)
    verify({"asgi-shop@v1.service": service, "asgi-shop@v1.socket": rendered("app.socket.j2", **options)})


def test_a_site_without_static_files(rendered: Rendered) -> None:
    assert "asgi_cache" not in rendered("site.conf.j2")


def test_static_files(rendered: Rendered) -> None:
    text = rendered("site.conf.j2", static=STATIC)
    assert re.findall(r"location \^~ (\S+) \{", text) == ["/static/", "/assets/"]
    kept = " ".join(f"/kept/{number}/public$uri" for number in (1, 2, 3))
    # What may change comes from the last two, and what has a digest in its name from all.
    for places, count in (("", 1), (f" {kept}", 2)):
        assert text.count(f"try_files /current/public$uri /previous/public$uri{places} =404;") == count
    assert text.count("{") == text.count("}")
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert "\n\n\n" not in text


def test_no_location_has_a_header_of_its_own(rendered: Rendered) -> None:
    """It would lose those of the server."""
    text = rendered("site.conf.j2", static=STATIC)
    depth, inside = 0, []
    for line in text.splitlines():
        inside += [line] if depth > 1 and "add_header" in line else []
        depth += line.endswith("{")
        depth -= line.strip() == "}"
    assert depth == 0
    assert inside == []


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("app.5d41402abc4b.css", True),
        ("app.5d41402abc4b2a76b9719d911017c592.css.map", True),
        ("main-2f8f2b1c.min.js", True),
        ("0a1b2c3d.js", False),  # it may be a whole name
        ("chunk.abcdef01.js", True),
        ("report-20260131.pdf", False),
        ("menu.deadbeef.js", False),  # a word, as far as a program can see
        ("jquery-3.7.1.min.js", False),
        ("bootstrap-datepicker.js", False),
        ("index-BxY3d_9k.js", False),
        ("app.5d41402.js", False),
        ("app.5d41402abc4b", False),
        ("app.5d41402abc4b/site.css", False),
        (f"app.{'5d' * 33}.js", False),
    ],
)
def test_names_with_a_digest(rendered: Rendered, name: str, hashed: bool) -> None:
    actual = re.search(r'location ~ "(.*)" \{', rendered("site.conf.j2", static=STATIC))
    assert actual
    assert bool(re.search(actual[1], f"/static/{name}")) is hashed
