"""What is changed by hand on a host: `plan` and `status` show it, `site` builds it again, a rollback passes over it."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.generations import following

from tests.integration.conftest import Web, web
from tests.integration.hosts import only, playbook
from tests.integration.release.test_releases import traffic

HOME = "/srv/asgi/shop"
KEY = "/etc/asgi-deploy/tls/shop/combined.pem"
ACCOUNT = "getent passwd asgi-shop; id -Gn asgi-shop"
MODES = f"stat -c '%a %U %n' {HOME} {HOME}/current/src/shop {HOME}/current/venv/bin {KEY}"


@pytest.fixture(name="site", scope="module")
def one_site() -> Web:
    return web("web1")


def venv_of(site: Web, release: str) -> str:
    return site.host.run(f"basename $(readlink {HOME}/releases/{release}/venv)").stdout.strip()


def next_of(name: str) -> str:
    return following(name, {name})


def plan(site: Web, *more: str) -> str:
    return playbook(f"--limit={site.host.name}", *more, name="plan").ok().output


def no_op(site: Web, *more: str) -> None:
    again = playbook(f"--limit={site.host.name}", *more).ok()
    counts = again.counts(site.host.name)
    assert (counts["changed"], counts["ok"]) == (0, 2), again.output


def test_owners_and_modes_are_put_right_in_place(site: Web) -> None:
    """And who may log in as the application's users; nothing is built for it, and nothing is started again."""
    live, pid = site.live(), site.host.run(f"systemctl show -P MainPID asgi-shop@{site.live()}.service").stdout
    modes, account = site.host.run(MODES).stdout, site.host.run(ACCOUNT).stdout
    site.host.run(
        f"chmod 0777 {HOME} {HOME}/current/src/shop; chown man {HOME}/current/venv/bin; chmod 0644 {KEY}; "
        "usermod --shell /bin/bash --append --groups sudo asgi-shop; usermod --append --groups sudo asgib-shop"
    )
    seen = plan(site)
    for text in (
        f"{HOME} has mode 0777 instead of 0755",
        f"{live}: src/shop has mode 0777 instead of 0750",
        f"{live}: environment: bin is owned by",
        f"{KEY} has mode 0644 instead of 0600",
        "asgi-shop has the shell /bin/bash instead of /usr/sbin/nologin, asgib-shop is in other groups: sudo",
    ):
        assert text in seen, seen
    assert site.host.run(MODES).stdout != modes, "plan changed something"
    playbook(f"--limit={site.host.name}").ok()
    assert (site.host.run(MODES).stdout, site.host.run(ACCOUNT).stdout) == (modes, account)
    assert site.host.run("id -Gn asgib-shop").stdout == "asgib-shop\n"
    assert site.live() == live
    assert site.host.run(f"systemctl show -P MainPID asgi-shop@{live}.service").stdout == pid


def test_a_damaged_release_is_built_again_without_losing_a_request(site: Web) -> None:
    first, venv = site.live(), venv_of(site, site.live())
    # What is changed does not work any more, but for what has been imported already.
    site.host.run(f"rm {HOME}/current/venv/bin/gunicorn; echo 'raise SystemExit' >>{HOME}/current/src/shop/main.py")
    seen = plan(site)
    assert f"release {first} is damaged (src/shop/main.py was changed; environment: bin/gunicorn is missing)" in seen
    assert f"{first} -> {next_of(first)}" in seen, seen
    status = playbook(f"--limit={site.host.name}", name="status").ok().output
    assert f"release {first} is damaged (src/shop/main.py was changed; environment: bin/gunicorn is missing)" in status
    with traffic([site]):
        playbook(f"--limit={site.host.name}").ok()
        site.drained()
    assert site.live() == next_of(first) == site.version()["release"]
    assert venv_of(site, site.live()) == next_of(venv)
    record = json.loads(site.host.run(f"cat {HOME}/current/release.json").stdout)
    assert record["states"]["released"] < record["states"]["prepared"], "its release command is not run again"
    assert "released" not in site.audit()[-1]["steps"]
    no_op(site)
    # As a disk that fails would change it: nothing writes the file. Here it is the manifest that differs.
    manifest = f"/var/lib/asgi-deploy/manifests/shop/releases/{site.live()}.json"
    content = site.host.run(
        f"cp -p {manifest} /run/manifest; sha256sum <{HOME}/current/src/shop/main.py"
    ).stdout.split()[0]
    site.host.run(f"sed -i s/{content}/{'0' * 64}/ {manifest}")
    assert f"nothing would change; {next_of(first)} serves" in plan(site)
    assert f"release {site.live()} is damaged (src/shop/main.py was changed)" in plan(site, "-e", "asgi_verify=true")
    site.host.run(f"mv /run/manifest {manifest}")


def test_a_rollback_passes_over_a_damaged_release(site: Web) -> None:
    """Although its files have the sizes and times that they had."""
    sound = site.live()
    releases = []
    for number in "12":
        variables = only(site.domain, env={"DAMAGE": number}, watch={"seconds": 0})
        playbook(f"--limit={site.host.name}", "--extra-vars", variables).ok()
        releases.append(site.live())
    main = f"{HOME}/releases/{releases[0]}/src/shop/main.py"
    site.host.run(f"touch -r {main} /run/times; sed -i s/import/IMPORT/ {main}; touch -r /run/times {main}")
    named = playbook(f"--limit={site.host.name}", f"--extra-vars=asgi_release={releases[0]}", name="rollback")
    assert named.status != 0
    assert f"{releases[0]} is damaged: src/shop/main.py was changed" in named.output, named.output
    assert site.live() == releases[1]
    playbook(f"--limit={site.host.name}", name="rollback").ok()
    assert site.live() == sound
    assert site.version()["release"] == sound


def test_an_environment_that_is_gone_serves_no_other_release(site: Web) -> None:
    """Nor one that is to be made of the same lock; and a manifest shows it, when all of a release is gone."""
    live, venv = site.live(), venv_of(site, site.live())
    variables = only(site.domain, env={"DAMAGE": "3"}, watch={"seconds": 0})
    with traffic([site], websocket=0):
        site.host.run(f"rm -r {HOME}/venvs/{venv} {HOME}/releases/{live}/drain.sh")
        playbook(f"--limit={site.host.name}", "--extra-vars", variables).ok()
        site.drained()
    assert venv_of(site, site.live()) not in ("", venv)
    assert site.version()["release"] == site.live()
    units = site.host.run("systemctl list-units --plain --no-legend 'asgi-shop@*.service'").stdout
    assert len(units.splitlines()) == 1, units
    shown = plan(site)
    assert re.search(rf"release {live} is damaged \(.*environment: it is missing\)", shown), shown
    lost = site.live()
    site.host.run(f"rm -r {HOME}/releases/{lost}")
    playbook(f"--limit={site.host.name}", "--extra-vars", variables).ok()
    assert site.live() == next_of(lost) == site.version()["release"]
    site.drained()
    no_op(site, "--extra-vars", variables)
