"""By what servers are trusted: a key that is another one, and what is not protected on its way, end a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.hosts import HOSTS, LAB, Run, module, playbook
from tests.integration.sources.conftest import App
from tests.integration.sources.prepare import GIT_HOST, INVENTORY
from tests.lab import Host
from tests.lab.git import Repository

Apps = Callable[[str], App]

PORT = 2222
# With nothing that has to come over a plain transport, as the index of the lab does.
PROTECTED = {"index": None, "insecure_transport": None, "sandbox": None}
# A second sshd, whose key changes while the host's own stays.
SERVE = """\
mkdir -p /run/sshd /root/keys
for name in first other; do
  test -e /root/keys/$name || ssh-keygen -q -t ed25519 -N '' -C '' -f /root/keys/$name
done
systemctl stop asgi-test-sshd 2>/dev/null
systemd-run --quiet --unit asgi-test-sshd --property Restart=on-failure \
  /usr/sbin/sshd -D -p {port} -h /root/keys/{name} -o PidFile=none
until ssh-keyscan -p {port} {address} 2>/dev/null | grep -q ssh-ed25519; do sleep 0.1; done
"""


@dataclass(frozen=True)
class Server:
    """A server of git over SSH, which shows one of two keys."""

    host: Host

    @property
    def name(self) -> str:
        """Return the server's name as known_hosts writes it."""
        return f"[{self.host.address}]:{PORT}"

    def show(self, key: str) -> None:
        """Answer by another key from now on."""
        self.host.run(SERVE.format(port=PORT, name=key, address=self.host.address))

    def line(self, key: str) -> str:
        kind, text = self.host.run(f"cat /root/keys/{key}.pub").stdout.split()[:2]
        return f"{self.name} {kind} {text}"

    def fingerprint(self, key: str) -> str:
        return self.host.run(f"ssh-keygen -l -f /root/keys/{key}.pub").stdout.split()[1]

    def url(self, repository: str) -> str:
        return f"ssh://git@{self.host.address}:{PORT}{urlsplit(repository).path}"


@pytest.fixture(name="server", scope="module")
def second_server(app: Apps) -> Iterator[Server]:
    server = Server(LAB.host(GIT_HOST))
    server.show("first")
    yield server
    server.host.run("systemctl stop asgi-test-sshd; rm -r /root/keys")
    app("repository").run().ok()


@pytest.fixture(name="repository", scope="module")
def of_that_server(app: Apps, server: Server, prepared: dict[str, str]) -> App:
    result = app("repository")
    return App(result.name, {**result.entry, "git": server.url(prepared["repository"])})


def plan(*entries: Mapping[str, Any]) -> Run:
    """Return what a run would do for applications, by these entries."""
    return playbook("--extra-vars", json.dumps({"asgi_apps": entries}), name="plan", inventories=(HOSTS, INVENTORY))


def test_a_key_that_the_entry_does_not_have_is_refused(repository: App, server: Server) -> None:
    output = repository.refused(known_hosts=[server.line("other")])
    assert f"known_hosts: {server.name} shows another key than the entry has" in output
    expected = f"found {server.fingerprint('first')} (ED25519), expected {server.fingerprint('other')} (ssh-ed25519)"
    assert expected in output
    assert "IDENTIFICATION HAS CHANGED" not in output  # ssh's own words


def test_a_key_that_the_entry_revokes_is_refused(repository: App, server: Server) -> None:
    """Although another line has it; a look finds out."""
    lines = [server.line("first"), f"@revoked {server.line('first')}"]
    planned = plan({**repository.entry, "known_hosts": lines})
    assert planned.status != 0
    assert f"known_hosts: {server.name} shows a key (ED25519) that is marked @revoked" in planned.output


def test_the_key_that_the_entry_has_is_all_that_counts(repository: App, server: Server) -> None:
    """For submodules, too; and nothing is trusted at first use."""
    run = repository.run(known_hosts=["# as ssh-keyscan prints it", server.line("first")]).ok()
    assert "by the key that this host saw first" not in run.output
    assert module(repository.host.name, "release_info", name="repository")["trusted_at_first_use"] == []


def test_without_it_the_first_key_is_kept_and_reported(repository: App, server: Server) -> None:
    before = repository.version()["release"]
    known = repository.host.run("cat /root/.ssh/known_hosts", check=False).stdout
    repository.host.run("rm -f /srv/asgi/repository/.known_hosts")
    # A look keeps none.
    line, fingerprint = server.line("first"), server.fingerprint("first")
    planned = plan(repository.entry).ok().output
    assert f"trusts {server.name} by the key that this host saw first, {fingerprint}" in planned
    assert f"known_hosts: ['{line}']" in planned
    assert repository.host.run("test -e /srv/asgi/repository/.known_hosts", check=False).returncode
    run = repository.run().ok()
    assert f"trusts {server.name} by the key that this host saw first, {fingerprint}" in run.output
    shown = module(repository.host.name, "release_info", name="repository")
    assert shown["trusted_at_first_use"] == [{"host": server.name, "fingerprint": fingerprint, "line": line}]
    assert shown["live"] == before  # by whom a server is trusted is no part of a release
    assert repository.host.run("cat /root/.ssh/known_hosts", check=False).stdout == known


def test_another_key_than_the_first_is_refused(repository: App, server: Server) -> None:
    server.show("other")
    output = repository.refused()
    assert f"git: {server.name} shows another key than the one that it was first seen with here" in output
    assert f"which /srv/asgi/repository/.known_hosts keeps: found {server.fingerprint('other')} (ED25519)" in output
    assert f"expected {server.fingerprint('first')} (ssh-ed25519); nothing was fetched" in output
    # The way out that it names.
    repository.run(known_hosts=[server.line("other")]).ok()


def test_a_plain_transport_is_refused_before_any_host_is_touched(app: Apps) -> None:
    plain = Repository(LAB.name, "shop", Path()).plain_url
    output = app("repository").refused(git=plain, deploy_key=None, submodules=None, **PROTECTED)
    assert (
        f"git: found '{plain}', which is not protected on its way; expected https:// or SSH, as in git: https" in output
    )
    assert "Inspect the host" not in output


def test_a_server_that_leads_to_a_plain_transport_is_refused(app: Apps) -> None:
    shop = Repository(LAB.name, "shop", Path())
    changes = {"git": shop.led_url, "version": "v1.0.0", "deploy_key": None, "submodules": None, "subdirectory": None}
    changes |= PROTECTED
    output = app("repository").refused(**changes)
    assert f"git: {shop.led_url} leads to http://, which is not protected on its way; nothing was fetched" in output


def test_what_is_allowed_to_be_plain_goes_on_being_named(app: Apps, prepared: dict[str, str]) -> None:
    shop, package = Repository(LAB.name, "shop", Path()), app("package")
    changes = {"archive": None, "git": shop.plain_url, "version": "v1.0.0", "insecure_transport": True}
    planned = plan({**app("archive").entry, **changes}, package.entry).ok().output
    named = "is not protected on its way, as insecure_transport: true allows"
    index = f"index {prepared['index_url']}"
    assert f"archive: git {shop.plain_url} {named}" in planned
    assert "-> v1.0.0-" in planned  # it was read
    assert "  dependencies  requirements.txt" in planned
    assert f"package: {index} {named}" in planned
    assert module(package.host.name, "release_info", name="package")["plain_transports"] == [index]
    shown = playbook(name="status", inventories=(HOSTS, INVENTORY)).ok().output
    assert f"package: {index} {named}" in shown
