"""What the application stores outlives its releases; it can write there and nowhere else."""

from __future__ import annotations

import json

import pytest

from tests.integration.files.conftest import Site, run

TREE = "/srv/asgi/files/current/src"


@pytest.mark.parametrize(
    "folder", ["/var/lib/asgi-storage/files/media", "/var/cache/asgi-files/.cache/thumbs", "/var/lib/asgi/files"]
)
def test_directories_are_the_applications_own(site: Site, folder: str) -> None:
    assert site.host.run(f"stat -c '%a %U %G' {folder}").stdout.strip() == "750 asgi-files asgi-files"


@pytest.mark.parametrize("folder", ["/var/lib/asgi-storage", "/var/lib/asgi-storage/files", "/var/cache/asgi-files"])
def test_what_they_lie_in_is_not(site: Site, folder: str) -> None:
    assert site.host.run(f"stat -c '%a %U %G' {folder}").stdout.strip() == "755 root root"


@pytest.mark.parametrize("path", [f"{TREE}/media/note", f"{TREE}/.cache/thumbs/note", "/var/lib/asgi/files/note"])
def test_the_application_can_write_there(site: Site, path: str) -> None:
    assert site.put(f"/write{path}", "kept").status_code == 200
    assert site.host.run(f"cat {path}").stdout == "kept"


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_sqlite_works_next_to_the_code(site: Site, mode: str) -> None:
    before = site.post(f"/visits/{mode}").raise_for_status().json()
    assert site.post(f"/visits/{mode}").json() == {"visits": before["visits"] + 1, "mode": mode}
    folder = "/var/lib/asgi-storage/files/db.sqlite3"
    assert "db.sqlite3" in site.host.run(f"ls {folder}").stdout.split()
    assert site.host.run(f"stat -c '%a %U' {folder}").stdout.strip() == "750 asgi-files"


def test_a_file_cannot_be_replaced_by_a_rename(site: Site) -> None:
    """As the page about storage says."""
    assert site.post("/rename").json() in ("OSError", "PermissionError")


@pytest.mark.parametrize(
    "path",
    [
        f"{TREE}/note",
        f"{TREE}/config/settings.toml",
        f"{TREE}/shop/main.py",
        f"{TREE}/public/static/note.js",
        "/srv/asgi/files/current/public/static/note.js",
        "/srv/asgi/files/note",
        "/var/lib/asgi-storage/files/note",
        "/var/lib/note",
        "/etc/note",
    ],
)
def test_and_nowhere_else(site: Site, path: str) -> None:
    answer = site.put(f"/write{path}", "x")
    assert answer.status_code == 403, path
    assert answer.json()["error"] in ("PermissionError", "OSError")


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (
            "v1.2.0-media",
            "the source has files of its own in media, such as logo.png, which a persistent directory would",
        ),
        ("v1.4.0-database", "storage or cache: the source has a file db.sqlite3, which the stored one would hide"),
        (
            "v1.5.0-writes",
            "The application could not write state.json next to its code, which is read-only; write "
            "storage: [state.json], or cache for what may be lost, in its entry",
        ),
        ("v1.3.0-link", "static: /static/ holds passwords, a link to a file that is not public; remove it"),
    ],
)
def test_refuses_a_source_that_leaves_no_place(site: Site, version: str, text: str) -> None:
    first = site.live()
    refused = run(f"--extra-vars=files_version={version}")
    assert refused.status != 0
    assert text in refused.output
    assert f"{first} still serves" in refused.output
    assert site.version()["release"] == first == site.live()


def test_data_is_removed_when_asked_for(site: Site) -> None:
    gone = {"name": "files", "state": "absent", "git": "/x", "module": "a:b", "domains": [site.domain]}
    run("--extra-vars", json.dumps({"asgi_apps": [gone]})).ok()
    assert site.host.run("cat /var/lib/asgi-storage/files/media/note").stdout == "kept"
    assert site.host.run("ls -d /var/cache/asgi-files /srv/asgi/files", check=False).stdout == ""
    sends = "/etc/systemd/system/asgi-files.media.* /etc/systemd/system/*/asgi-files.media.* /etc/asgi-deploy/media/*"
    assert site.host.run(f"ls -d {sends} /run/asgi-deploy/media/files.sock", check=False).stdout == ""
    assert site.host.run("systemctl list-units --plain --no-legend --all 'asgi-files.media*'").stdout == ""
    run("--extra-vars", json.dumps({"asgi_apps": [{**gone, "remove_data": True}]})).ok()
    assert site.host.run("ls -d /var/lib/asgi-storage/files /var/lib/asgi/files", check=False).stdout == ""
