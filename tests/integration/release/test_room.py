"""A host without room, or whose release command hangs: what serves goes on, and the message says why.

Nothing half done stays.

Releases lie on a file system of their own here, whose size is that of the moment.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration.conftest import Web, web
from tests.integration.hosts import ALL_WEBS, Run, only, playbook

MOVE = """\
set -e
mkdir -p /run/room && mount -t tmpfs -o size=1g,mode=755 room /run/room
cp -a /srv/asgi/. /run/room/
mount --bind /run/room /srv/asgi
"""
BACK = "umount --lazy /srv/asgi; umount --lazy /run/room; rmdir /run/room"
GIT = "/var/cache/asgi/git/shop.git"
JOURNALS = "/var/log/journal"


@pytest.fixture(name="site", scope="module")
def on_a_file_system_of_its_own(first: None) -> Iterator[Web]:
    site = web(ALL_WEBS[0])
    site.host.run(MOVE)
    try:
        released(site).ok()
        yield site
    finally:
        site.host.run(BACK, check=False)
        playbook(f"--limit={site.host.name}")
        playbook(f"--limit={site.host.name}", name="restart").ok()


def released(site: Web, **changes: object) -> Run:
    """Return a run with another release than before."""
    variables = only(site.domain, env={"RUN": f"{time.time_ns()}"}, **changes)
    return playbook("--extra-vars", variables, f"--limit={site.host.name}")


@contextmanager
def limited(site: Web, path: str, limit: str, restored: str) -> Iterator[None]:
    """Give a file system a limit, which it already exceeds or nearly so, until the block ends."""
    site.host.run(f"mount -o remount,{limit} {path}")
    try:
        yield
    finally:
        site.host.run(f"mount -o remount,{restored} {path}")


def stays(site: Web, run: Run, *texts: str) -> None:
    """Check that a run failed for these reasons, that what served serves, and that nothing of the release is left."""
    output = " ".join(run.output.replace("\\n", "\n").split())
    assert run.status != 0, run.output
    for text in texts:
        assert text in output, run.output
    live = site.live()
    assert site.version()["release"] == live
    unrecorded = "for path in /srv/asgi/shop/releases/*; do test -e $path/release.json || echo $path; done"
    assert site.host.run(unrecorded).stdout == ""
    half = "for path in /srv/asgi/shop/venvs/*; do test -e $path/.complete || echo $path; done"
    assert site.host.run(half).stdout == ""


def size(site: Web) -> int:
    """Return how much room the releases take, in KiB."""
    return int(site.host.run("df --output=used -k /srv/asgi | tail -1").stdout)


def test_a_release_that_does_not_fit(site: Web) -> None:
    with limited(site, "/run/room", f"size={size(site) + 100}k", "size=1g"):
        run = released(site)
    stays(site, run, "No space left on device", "The host has no room: /srv/asgi has 0 MiB of", "Make room there")
    released(site).ok()


def test_an_environment_that_does_not_fit(site: Web) -> None:
    with limited(site, "/run/room", f"size={size(site) + 4096}k", "size=1g"):
        run = released(site, server_requirements=["gunicorn==27.0.1", "uvicorn==0.54.0", "uvicorn-worker==0.3.0"])
    stays(site, run, "could not be built", "No space left on device", "The host has no room: /srv/asgi has")


def test_a_release_without_inodes(site: Web) -> None:
    inodes = int(site.host.run("df --output=iused /srv/asgi | tail -1").stdout)
    with limited(site, "/run/room", f"nr_inodes={inodes + 20}", "nr_inodes=1000000"):
        run = released(site)
    stays(site, run, "No space left on device", "The host has no room: /srv/asgi has", f"of {inodes + 20:,} inodes")
    released(site).ok()


def test_a_source_that_does_not_fit(site: Web) -> None:
    """The next run goes on with a mirror that was cut off."""
    site.host.run(f"mount -t tmpfs -o size=64k none {GIT}")
    try:
        run = released(site)
    finally:
        site.host.run(f"umount {GIT}")
    stays(site, run, "No space left on device", "The host ha")
    released(site).ok()


def test_a_journal_without_room(site: Web) -> None:
    """Then journald keeps no records; what serves goes on, and so does a release."""
    site.host.run(f"mkdir -p {JOURNALS} && mount -t tmpfs -o size=1m none {JOURNALS}")
    services = "systemctl restart systemd-journald.service 'systemd-journald@asgi-shop.service'"
    site.host.run(f"dd if=/dev/zero of={JOURNALS}/full bs=64k 2>/dev/null; {services}", check=False)
    try:
        assert site.version()["release"] == site.live()
        released(site).ok()
        assert site.version()["release"] == site.live()
    finally:
        site.host.run(f"umount --lazy {JOURNALS}; {services}")


def test_a_release_command_that_hangs(site: Web) -> None:
    """It ignores what asks it to end, and begins again with the next run."""
    home = "/var/lib/asgi/shop"
    hangs = f"sh -c 'echo begun >>$HOME/steps; test -e {home}/go || exec sleep 600'"
    changes = {"release_command": hangs, "release_timeout": 2}
    run = released(site, **changes)
    stays_but_release(site, run)
    site.host.run(f"touch {home}/go")
    released(site, **changes).ok()
    assert site.host.run(f"cat {home}/steps").stdout == "begun\n" * 2
    site.host.run(f"rm {home}/steps {home}/go")


def stays_but_release(site: Web, run: Run) -> None:
    """Check the message of a command that took too long; its release stays on disk, for the next run."""
    output = " ".join(run.output.split())
    assert run.status != 0, run.output
    for text in (
        "its release command failed: it took too long: more than release_timeout, 2 seconds",
        "it was ended, what it had changed stays, and the next run begins it again",
    ):
        assert text in output, run.output
    assert site.version()["release"] == site.live()
    working = "systemctl list-units --plain --no-legend --state=activating,active 'asgi-shop.command*@*'"
    assert site.host.run(working).stdout == ""
