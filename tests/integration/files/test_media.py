"""Uploads are sent by nginx, whatever the modes of their files; nothing else is, and nothing of them runs."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import httpx
import pytest

from tests.clients import https
from tests.integration.files.conftest import Site, run

FOLDER = "/var/lib/asgi-storage/files/media"
TREE = "/srv/asgi/files/current/src/media"
UNIT = "asgi-files.media.service"


def upload(site: Site, name: str, content: str) -> None:
    """Make the application write a file."""
    assert site.put(f"/write{TREE}/{name}", content).status_code == 200


def as_application(site: Site, command: str) -> None:
    """Run a command as the application's user, outside of its sandbox."""
    site.host.run(f"cd {FOLDER} && setpriv --reuid=asgi-files --regid=asgi-files --clear-groups sh -c '{command}'")


@pytest.fixture(name="shown", scope="module")
def an_upload(site: Site) -> httpx.Response:
    upload(site, "a picture.png", "0123456789")
    return site.get("/uploads/a%20picture.png")


def test_what_the_application_writes_is_sent(site: Site, shown: httpx.Response) -> None:
    """Its own umask lets no one else read it."""
    mode = site.host.run(f"stat -c '%a %U %G' '{FOLDER}/a picture.png'").stdout.strip()
    assert mode == "600 asgi-files asgi-files"
    assert (shown.status_code, shown.text) == (200, "0123456789")
    assert shown.headers["Content-Type"] == "image/png"
    assert "Content-Disposition" not in shown.headers
    assert shown.headers.get_list("X-Content-Type-Options") == ["nosniff"]
    assert shown.headers.get_list("Cache-Control") == ["private, max-age=60"]
    assert shown.headers["Strict-Transport-Security"] == "max-age=63072000"
    unchanged = site.get("/uploads/a%20picture.png", headers={"If-None-Match": shown.headers["ETag"]})
    assert (unchanged.status_code, unchanged.headers["Cache-Control"]) == (304, "private, max-age=60")


def test_a_folder_that_is_made_later_is_sent(site: Site) -> None:
    as_application(site, "umask 077; mkdir -p 2026/11; echo -n later >2026/11/note.txt")
    answer = site.get("/uploads/2026/11/note.txt")
    assert (answer.status_code, answer.text) == (200, "later")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_part_is_sent(site: Site, shown: httpx.Response) -> None:
    assert shown.headers["Accept-Ranges"] == "bytes"
    part = site.get("/uploads/a%20picture.png", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.text, part.headers["Content-Range"]) == (206, "234", "bytes 2-4/10")
    assert site.get("/uploads/a%20picture.png", headers={"Range": "bytes=20-"}).status_code == 416


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "MKCOL"])
@pytest.mark.usefixtures("shown")
def test_nothing_can_be_sent_to_it(site: Site, method: str) -> None:
    answer = https.ask(method, site.domain, site.host.address, site.ca, "/uploads/a%20picture.png", content="x")
    assert answer.status_code == 405
    assert site.get("/uploads/a%20picture.png").text == "0123456789"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("page.html", "<script>alert(1)</script>", "application/octet-stream"),
        ("page.HTML", "<script>alert(1)</script>", "application/octet-stream"),
        ("page.xhtml", "<html xmlns='http://www.w3.org/1999/xhtml'/>", "application/octet-stream"),
        ("page.xml", "<?xml-stylesheet href='x'?>", "application/octet-stream"),
        ("script.js", "alert(1)", "application/octet-stream"),
        ("style.css", "*{}", "application/octet-stream"),
        ("noending", "<script>alert(1)</script>", "application/octet-stream"),
        ("drawing.svg", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
    ],
)
def test_what_could_run_is_saved_and_not_shown(site: Site, name: str, content: str, kind: str) -> None:
    upload(site, name, content)
    answer = site.get(f"/uploads/{name}")
    assert (answer.status_code, answer.text) == (200, content)
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]
    (policy,) = answer.headers.get_list("Content-Security-Policy")
    assert policy.startswith("default-src 'none'") and policy.endswith("; sandbox")


def test_a_document_is_shown(site: Site) -> None:
    upload(site, "invoice.pdf", "%PDF-")
    answer = site.get("/uploads/invoice.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert not {"Content-Disposition", "Content-Security-Policy"} & {*answer.headers}


@pytest.fixture(name="secrets", scope="module")
def what_must_not_be_sent(site: Site) -> Iterator[None]:
    """Put what an attacker would put into the folder, and next to it what he would want."""
    site.host.run("mkdir -p /var/lib/asgi-storage/files/other && echo secret >/var/lib/asgi-storage/files/other/file")
    site.host.run("chown -R asgi-files: /var/lib/asgi-storage/files/other")
    as_application(
        site,
        "mkdir -p .git real; echo secret | tee .env .git/config >/dev/null; echo shown >real/file; "
        "ln -sfn /etc/shadow shadow; ln -sfn /etc/passwd passwd.txt; ln -sfn / root; ln -sfn ../other other; "
        "ln -sfn ../other/file file; ln -sfn real linked; ln -sfn real/file own; ln -sfn /proc/self self; "
        "mkfifo -m 600 pipe || :",
    )
    yield
    site.host.run(f"rm -rf /var/lib/asgi-storage/files/other {FOLDER}/pipe")


@pytest.mark.parametrize(
    "path",
    [
        *("shadow", "passwd.txt", "root/etc/passwd", "other/file", "file", "linked/file", "own", "self/environ"),
        *(".env", ".git/config", "", "real", "real/", "2026/", "none.5d41402abc4b.png", "pipe"),
        *("..%2fother/file", "../other/file", "%2e%2e/other/file", "..;/other/file", "real/..%00/file", "//etc/passwd"),
        *("....//other/file", "real/file/", "real\\..\\..\\other\\file"),
    ],
)
@pytest.mark.usefixtures("secrets")
def test_nothing_else_is_sent(site: Site, path: str) -> None:
    answer = site.get(f"/uploads/{path}")
    assert answer.status_code in (301, 400, 403, 404), path
    assert "root:" not in answer.text and "secret" not in answer.text
    # A client that resolves dots asks the application.
    if answer.status_code in (403, 404) and answer.url.path.startswith("/uploads/"):
        assert answer.headers.get_list("Cache-Control") == ["no-store"]
    if answer.status_code == 301:
        assert site.get(answer.headers["Location"]).status_code == 404


@pytest.mark.usefixtures("secrets")
def test_a_file_of_the_folder_is_sent(site: Site) -> None:
    assert site.get("/uploads/real/file").text == "shown\n"


def test_nginx_cannot_read_them(site: Site) -> None:
    """Nor can its program read anything else of the application."""
    for path in (FOLDER, "/var/lib/asgi/files", "/etc/asgi-deploy/tls/files"):
        refused = site.host.run(f"setpriv --reuid=www-data --regid=www-data --clear-groups ls {path}", check=False)
        assert "Permission denied" in refused.stderr, path
    main = site.host.run(f"systemctl show --property=MainPID --value {UNIT}").stdout.strip()
    seen = site.host.run(f"nsenter --target {main} --mount find /var /srv /run /etc/asgi-deploy -type f").stdout.split(
        "\n"
    )
    others = [
        path for path in seen if path and not path.startswith((f"{FOLDER}/", "/etc/asgi-deploy/media/files.conf"))
    ]
    assert others == []
    assert site.host.run(f"stat -c %U /proc/{main}").stdout.strip() == "asgi-files"
    written = site.host.run(f"nsenter --target {main} --mount touch {FOLDER}/x", check=False)
    assert "Read-only file system" in written.stderr


def test_rules_of_its_paths_hold(site: Site) -> None:
    as_application(site, "mkdir -p private inside; echo -n yours >private/a.txt; echo -n mine >inside/a.txt")
    assert site.get("/uploads/private/a.txt").status_code == 401
    password = base64.b64encode(b"ops:uploads of the tests").decode()
    answer = site.get("/uploads/private/a.txt", headers={"Authorization": f"Basic {password}"})
    assert (answer.status_code, answer.text) == (200, "yours")
    assert site.get("/uploads/inside/a.txt").status_code == 403


@pytest.mark.usefixtures("shown")
def test_maintenance_closes_them(site: Site) -> None:
    site.host.run("touch /srv/asgi/files/maintenance")
    try:
        assert site.get("/uploads/a%20picture.png").status_code == 503
    finally:
        site.host.run("rm /srv/asgi/files/maintenance")
    assert site.get("/uploads/a%20picture.png").status_code == 200


@pytest.mark.usefixtures("shown")
def test_their_program_is_kept_up_and_a_run_repairs_it(site: Site) -> None:
    site.host.run(f"systemctl kill --signal=KILL {UNIT}")
    assert https.wait(site.domain, site.host.address, site.ca, "/uploads/a%20picture.png").status_code == 200
    site.host.run(f"systemctl disable --now --quiet {UNIT} asgi-files.media.socket")
    planned = run(name="plan").ok()
    assert UNIT in planned.output
    run().ok()
    assert site.get("/uploads/a%20picture.png").status_code == 200
    assert run().ok().counts(site.host.name)["changed"] == 0
    assert site.host.run(f"systemctl is-enabled {UNIT}").stdout == "enabled\n"
