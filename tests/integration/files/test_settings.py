"""Environment and files of a release: given to the application, and to no one else."""

from __future__ import annotations

import base64

import pytest

from tests.integration.files.conftest import Site, run
from tests.integration.files.storefront import PASSWORD


def test_the_application_gets_its_settings(site: Site) -> None:
    options = site.settings()
    assert options["env"] == {
        "PASSWORD": PASSWORD,
        "GREETING": "one\ntwo",
        "NAME": "from the inventory",
        "WORKERS": None,
    }
    assert options["files"] == {
        "config/settings.toml": 'origin = "inventory"\n',
        "config/more/extra.toml": f'domain = "{site.domain}"\nsecret = "hidden in a template"\n',
    }
    digest = site.host.run("sha256sum /srv/asgi/files/current/src/config/binary.bin").stdout.split()[0]
    assert digest == "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880"


@pytest.mark.parametrize(
    ("path", "rights"),
    [
        ("environment", "600 root root"),
        ("src/config/settings.toml", "640 root asgi-files"),
        ("src/config/more/extra.toml", "640 root asgi-files"),
        ("src/config", "750 root asgi-files"),
    ],
)
def test_no_other_user_can_read_them(site: Site, path: str, rights: str) -> None:
    assert site.host.run(f"stat -c '%a %U %G' /srv/asgi/files/current/{path}").stdout.strip() == rights


def test_secrets_are_in_no_output_and_on_no_command_line(site: Site) -> None:
    shown = site.host.run("systemctl show 'asgi-files@*' && systemctl cat 'asgi-files@*' && ps -ef").stdout
    run_that_shows_all = run("--check", "-vvv", "--diff", "--extra-vars=files_secret='another that is hidden'").ok()
    assert run_that_shows_all.counts(site.host.name)["changed"] == 1
    rendered = f'domain = "{site.domain}"\nsecret = "another that is hidden"\n'
    options = 'origin = "inventory"\n'
    for secret in (
        PASSWORD,
        "another that is hidden",
        options.strip(),
        *(encoded(text) for text in (rendered, options)),
    ):
        assert secret not in run_that_shows_all.output
        assert secret not in shown


def test_the_service_is_bounded(site: Site) -> None:
    unit = f"asgi-files@{site.live()}.service"
    shown = site.host.run(f"systemctl show -p CPUQuotaPerSecUSec,MemoryMax,TasksMax,LimitNOFILE {unit}").stdout
    assert set(shown.split()) == {
        "CPUQuotaPerSecUSec=1.500000s",
        f"MemoryMax={1024 * 1024 * 1024}",
        "TasksMax=200",
        "LimitNOFILE=4096",
    }


def test_says_why_there_are_so_many_workers(site: Site) -> None:
    actual = site.info()
    assert actual["worker_count"] == 2
    assert actual["workers_reason"].endswith("; 2 twice in 40 connections at 10 each")
    pid = site.host.run(f"systemctl show -P MainPID asgi-files@{site.live()}.service").stdout.strip()
    assert len(site.host.run(f"pgrep -P {pid}").stdout.split()) == 2


DAMAGE = """
cd /srv/asgi/files/current
echo 'origin = 1' >src/config/settings.toml
rm -r src/config/more src/media public/static/css/site.css
ln -sfn /tmp src/.cache/thumbs
chmod 0600 public/assets/*
"""


def test_drift_is_seen_and_repaired(site: Site) -> None:
    pid = site.version()["pid"]
    before = site.settings()
    site.host.run(DAMAGE)
    seen = run("--check").ok()
    assert seen.counts(site.host.name)["changed"] == 1, seen.output
    repaired = run().ok()
    assert repaired.counts(site.host.name)["changed"] == 1, repaired.output
    assert site.settings() == before
    assert site.host.run("readlink /srv/asgi/files/current/src/.cache/thumbs").stdout.startswith(
        "/var/cache/asgi-files"
    )
    assert site.put("/write/srv/asgi/files/current/src/media/drift", "x").status_code == 200
    assert site.get("/static/css/site.css").status_code == 200
    assert site.get("/assets/index-BxY3d_9k.js").status_code == 200
    assert site.host.run(f"test -d /proc/{pid}", check=False).returncode == 0  # nothing was restarted for it


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
