"""Secrets on real hosts: given to the application and all of its commands, and to be found nowhere else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.clients import https
from tests.integration import command_lines
from tests.integration.conftest import Web
from tests.integration.hosts import HOSTS, WEBS, Run, playbook
from tests.integration.release.test_releases import traffic

pytestmark = pytest.mark.usefixtures("the_inventorys_release")
OLD, NEW = '0ld-s3cret $HOME 100% "it\'s" ü', "n3w-s3cret-\\n%i`id`"
PEM = "-----BEGIN-----\nabcd3fgh1jkl\nmn0pqrstuvwx\n-----END-----\n"
# What means something to systemd, to nginx, to a shell or to Jinja, and must arrive as it is.
NASTY = '";}\n[Service]\nExecStart=/bin/false\n#\\ \\\n$HOME ${PATH} $(id) `id` %i %% {{ 1 + 1 }} \'"\\'
HEADER = "a\"; return 418; #} { 'b' %i ; ~"
VAULT_PASSWORD = "the vault of these tests"  # noqa: S105

# Digests are answered instead of the secrets, so that what is found on the host later was left by something else.
APPLICATION = """\
import os
from shop.main import app
from shop.reveal import digests

AT_IMPORT = digests()
if "LEAK" in os.environ:
    raise RuntimeError("cannot log in with " + os.environ["API_KEY"])


@app.get("/nasty")
async def nasty():
    return os.environ["NASTY"]


@app.get("/digests")
async def digests_of():
    return {"import": AT_IMPORT, "now": digests()}
"""
REVEAL = """\
import hashlib, json, os, sys, time
from pathlib import Path


def digests():
    files = Path(os.environ["CREDENTIALS_DIRECTORY"])
    values = [os.environ["API_KEY"].encode(), os.environ["PEM"].encode()]
    values += [(files / name).read_bytes() for name in ("API_KEY", "PEM")]
    return [hashlib.sha256(value).hexdigest() for value in values]


if __name__ == "__main__":
    text = json.dumps(digests() + sys.argv[2:])
    print(text)
    Path(os.environ["HOME"], sys.argv[1]).write_text(text)
    if sys.argv[1] == "process":
        time.sleep(1_000_000)
"""

Go = Callable[..., Run]


def digests(key: str) -> list[str]:
    return [hashlib.sha256(value.encode()).hexdigest() for value in (key, PEM)] * 2


class Vaulted(str):
    """A value that Ansible Vault encrypted, as it is written into an inventory."""


class Raw(str):
    """Text that Ansible does not take for a template."""


class Dumper(yaml.SafeDumper):
    pass


Dumper.add_representer(Raw, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value), style='"'))
Dumper.add_representer(Vaulted, lambda dumper, value: dumper.represent_scalar("!vault", str(value), style="|"))


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Go:
    """Return a run with a key, which the inventory has from Ansible Vault, and other options."""
    folder = tmp_path_factory.mktemp("inventory")
    (folder / "password").write_text(VAULT_PASSWORD)
    vault = VaultLib([("default", VaultSecret(VAULT_PASSWORD.encode()))])

    def run(key: str, *arguments: str, name: str = "site", **changes: Any) -> Run:
        entry = {
            "name": "shop",
            "git": "{{ shop_repository }}",
            "version": "v1.1.0",
            "module": "shop.vault:app",
            "domains": ["{{ inventory_hostname }}.{{ test_domain }}"],
            "gate": {"path": "/ready"},
            "watch": {"seconds": 1},
            "drain_timeout": 10,
            "site": {"rate": "none", "headers": {"X-Nasty": HEADER}},
            # With a URL in it, Ansible's own search for passwords in what it logs goes astray.
            "env": {"NASTY": Raw(NASTY), "HELP": "https://help.example.com/"},
            "workers": 2,
            "files": {"shop/vault.py": {"content": APPLICATION}, "shop/reveal.py": {"content": REVEAL}},
            "secrets": {"API_KEY": Vaulted(vault.encrypt(key).decode()), "PEM": PEM},
            "release_command": "python -m shop.reveal command 'two words' '$HOME 100%'",
            "processes": {"watcher": "python -m shop.reveal process"},
            "jobs": {"digest": {"command": "python -m shop.reveal job", "schedule": "2099-01-01"}},
            **changes,
        }
        variables = {"asgi_apps": [entry], "certificate_email": "ops@example.com"}
        file = folder / "inventory.yml"
        inventory = {"asgi": {"hosts": dict.fromkeys(WEBS), "vars": variables}}
        file.write_text(yaml.dump(inventory, Dumper=Dumper, allow_unicode=True))
        password = str(folder / "password")
        return playbook(*arguments, name=name, inventories=(HOSTS, file), ANSIBLE_VAULT_PASSWORD_FILE=password)

    return run


def shown_nowhere(output: str, *keys: str) -> None:
    """Assert that a text has no secret: neither as it is, nor as JSON, YAML, Python or Base64 write it."""
    for secret in (*keys, *PEM.splitlines()[1:3]):
        forms = {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], base64.b64encode(secret.encode()).decode()}
        assert [form for form in forms if form in output] == []


def after_a_start(web: Web) -> dict[str, list[str]]:
    """Return what the application answers."""
    answer = https.wait(web.domain, web.host.address, web.ca, "/digests").raise_for_status()
    digests_found: dict[str, list[str]] = answer.json()
    return digests_found


def found(web: Web, command: str) -> str:
    """Return what a grep prints that reads on its standard input what to look for: a command line is logged by sudo."""
    texts = ["0ld-s3cret", "abcd3fgh1jkl", base64.b64encode(OLD.encode()).decode()[:20]]
    run = web.host.run(command, check=False, timeout=120, stdin="".join(f"{text}\n" for text in texts))
    assert run.returncode in (0, 1, 2), run.stderr  # 2, where something may not be read or is gone again
    return run.stdout


@pytest.fixture(scope="module")
def released(go: Go, webs: list[Web]) -> Iterator[str]:
    """Release with the old key; yield what the runs printed that predicted and made it."""
    for web in webs:
        command_lines.watch(web.host)
    foretold = go(OLD, "--check", "-vvv", "--diff").ok()
    made = go(OLD, "-vvv", "--diff").ok()
    for web in webs:
        assert foretold.counts(web.host.name)["changed"] > 0
    yield foretold.output + made.output
    playbook().ok()
    for web in webs:
        web.host.run("cd /var/lib/asgi/shop && rm -f command exec job process")


def test_runs_print_none_of_them(released: str) -> None:
    shown_nowhere(released, OLD)


def test_command_lines_had_none_of_them(released: str, webs: list[Web]) -> None:
    for web in webs:
        lines = command_lines.read(web.host)
        assert "asgi_deploy_runtime.run" in lines
        shown_nowhere(lines, OLD)


def test_the_application_and_all_of_its_commands_find_them(released: str, go: Go, web: Web) -> None:
    assert web.get("/digests").json() == {"import": digests(OLD), "now": digests(OLD)}
    release = web.live()
    web.host.run(f"systemctl start asgi-shop.job-digest@{release}.service")
    output = {
        name: json.loads(web.host.run(f"cat /var/lib/asgi/shop/{name}").stdout)
        for name in ("command", "process", "job")
    }
    assert output == {
        "command": [*digests(OLD), "two words", "$HOME 100%"],
        "process": digests(OLD),
        "job": digests(OLD),
    }


def test_a_command_of_an_operator_finds_them(released: str, go: Go, webs: list[Web]) -> None:
    for web in webs:
        command = "asgi_command=\"python -m shop.reveal exec '$HOME 100%'\""
        run = go(OLD, f"--limit={web.host.name}", "-e", "asgi_app=shop", "-e", command, name="exec").ok()
        assert digests(OLD)[0] in run.output
        shown_nowhere(run.output, OLD)
        answer = json.loads(web.host.run("cat /var/lib/asgi/shop/exec").stdout)
        assert answer == [*digests(OLD), "$HOME 100%"]


def test_what_means_something_to_others_arrives_as_it_is(released: str, web: Web) -> None:
    assert web.get("/nasty").json() == NASTY
    answer = web.get("/nasty")
    assert (answer.status_code, answer.headers["x-nasty"]) == (200, HEADER)


def test_they_are_nowhere_on_the_host(released: str, web: Web) -> None:
    """Root finds them in the memory of what runs and in the credentials that systemd holds for that, others nowhere."""
    places = "/srv /etc /var /root /tmp /home /opt /run/systemd /run/asgi-deploy /run/log"
    assert found(web, f"grep -rlaF -f - {places}") == ""
    assert found(web, "grep -laF -f - /proc/[0-9]*/cmdline") == ""
    assert found(web, "exec 3<&0; journalctl --namespace='*' --no-pager | grep -F -f /dev/fd/3") == ""
    assert found(web, "exec 3<&0; systemctl show 'asgi-*' '*' | grep -F -f /dev/fd/3") == ""
    other = "grep -rlaF -f - /run /srv /etc /var /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null"
    assert found(web, f'runuser -u www-data -- sh -c "{other}"') == ""
    folder = f"/srv/asgi/shop/releases/{web.live()}/secrets"
    assert web.host.run(f"stat -c '%a %U %n' {folder} {folder}/*").stdout.splitlines() == [
        f"700 root {folder}",
        f"600 root {folder}/API_KEY",
        f"600 root {folder}/PEM",
    ]
    assert web.host.run("stat -c '%a %U' /srv/asgi/shop/.key").stdout == "600 root\n"
    pid = web.host.run(f"systemctl show -P MainPID asgi-shop@{web.live()}.service").stdout.strip()
    assert found(web, f"grep -laF -f - /proc/{pid}/environ") == ""


def test_who_looks_for_them_finds_them_where_they_are(released: str, web: Web) -> None:
    """Root does, by the same search."""
    assert f"/run/credentials/asgi-shop@{web.live()}.service/API_KEY" in found(web, "grep -rlaF -f - /run/credentials")


def test_names_of_releases_reveal_nothing(released: str, webs: list[Web]) -> None:
    """They are made with a key of the host, so the same inputs have other names on another."""
    assert len({web.live() for web in webs}) == len(webs)


def test_a_second_run_has_nothing_to_do(released: str, go: Go, webs: list[Web]) -> None:
    run = go(OLD).ok()
    assert [run.counts(web.host.name)["changed"] for web in webs] == [0, 0], run.output


def test_damaged_secrets_are_written_again_in_another_generation(released: str, go: Go, webs: list[Web]) -> None:
    before = {web.host.name: web.live() for web in webs}
    for web in webs:
        web.host.run(f"echo x >>/srv/asgi/shop/releases/{web.live()}/secrets/API_KEY")
    run = go(OLD).ok()
    assert [run.counts(web.host.name)["changed"] for web in webs] == [1, 1], run.output
    for web in webs:
        assert web.live() == f"{before[web.host.name]}.2"
        web.drained()
        web.host.run(f"systemctl restart asgi-shop@{web.live()}.service")
        assert after_a_start(web)["import"] == digests(OLD)


def test_another_key_is_a_release_that_loses_nothing_and_the_way_back_brings_back_the_old(
    released: str, go: Go, webs: list[Web]
) -> None:
    before = {web.host.name: web.live() for web in webs}
    with traffic(webs):
        run = go(NEW, "-vvv", "--diff").ok()
        for web in webs:
            web.drained()
            assert web.get("/digests").json() == {"import": digests(NEW), "now": digests(NEW)}
            assert web.live() != before[web.host.name]
        back = go(NEW, "-vvv", "--diff", name="rollback").ok()
        for web in webs:
            web.drained()
            assert web.get("/digests").json()["now"] == digests(OLD)
            assert web.live() == before[web.host.name]
    shown_nowhere(run.output + back.output, OLD, NEW)


def test_a_release_that_fails_and_logs_its_key_does_not_have_it_printed(released: str, go: Go, webs: list[Web]) -> None:
    """What the application itself writes into its log stays there, but is masked in what the run shows of it."""
    before = {web.host.name: web.live() for web in webs}
    key = "l3aked-s3cret 'quoted' \\ ü"
    run = go(key, "-vvv", env={"LEAK": "1"}, release_command=None)
    assert run.status != 0
    assert "cannot log in with ********" in run.output, run.output
    shown_nowhere(run.output, key)
    for web in webs:
        assert web.live() == before[web.host.name]
        assert web.host.run("grep -c l3aked /srv/asgi/shop/deploys.jsonl", check=False).stdout == "0\n"


def test_the_way_back_needs_nothing_of_the_controller(released: str, webs: list[Web]) -> None:
    """Credentials are opened only by systemd: a host that starts again has them, too."""
    for web in webs:
        release = web.live()
        units = f"asgi-shop@{release}.service asgi-shop@{release}.socket"
        web.host.run(f"systemctl stop {units} && systemctl start asgi-boot@shop.service", timeout=60)
        assert after_a_start(web)["now"] == digests(OLD)
