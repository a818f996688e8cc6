"""What the build of a package reaches, and what it leaves: no more than the application itself would."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.integration.hosts import HOSTS, LAB
from tests.integration.sandbox.attacks import BUILDING, Attack
from tests.integration.sandbox.conftest import Prey, scenario
from tests.integration.sandbox.spy.spy_backend import TRAPPED
from tests.integration.sandbox.test_attacks import REFUSED

SPY = Path(__file__).parent / "spy"
Reload = Future[tuple[list[str], list[str]]]
VENV = "/srv/asgi/attacked/current/venv"


def release(site: Prey, version: str) -> None:
    wanted = (f"--limit={site.host.name}", "--extra-vars=asgi_app=attacked", f"--extra-vars=asgi_version={version}")
    scenario(*wanted, name="release").ok()


@pytest.fixture(scope="session")
def published() -> None:
    """A version of the application that needs a package which attacks while it is built."""
    repository = LAB.repository("prey", HOSTS.parent / "prey")
    shutil.copytree(SPY, repository.tree / "spy", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    (repository.tree / "spy" / "attacks.json").write_text(json.dumps({one.what: one.code for one in BUILDING}))
    with (repository.tree / "requirements.txt").open("a") as file:
        file.write("./spy\n")
    repository.commit("v1.1.0")


@pytest.fixture(scope="module")
def released(published: None, attacked: Prey) -> Iterator[tuple[Prey, Reload]]:
    """The application that needs it, and what came of a daemon-reload while it was built."""
    with ThreadPoolExecutor(1) as pool:
        reloaded = pool.submit(attacked.reloaded, "asgi-attacked.build.service")
        release(attacked, "v1.1.0")
    yield attacked, reloaded
    release(attacked, "v1.0.0")


@pytest.fixture(scope="module")
def spied(released: tuple[Prey, Reload]) -> Prey:
    return released[0]


@pytest.fixture(scope="module")
def found(spied: Prey) -> dict[str, Any]:
    """What came of the attacks on a host."""
    told = spied.host.run(f"cat {VENV}/lib/python3*/site-packages/spy_found.json").stdout
    attacks: dict[str, Any] = json.loads(told)
    return attacks


@pytest.mark.parametrize("attack", BUILDING, ids=lambda attack: attack.what)
def test_attack(found: dict[str, Any], attack: Attack) -> None:
    came = found[attack.what]
    assert came["error"] in attack.errors, came
    assert came["errno"] is None or came["errno"] in REFUSED, came


def test_what_it_leaves_is_roots_and_harmless(spied: Prey) -> None:
    trees = f"{VENV}/ /srv/asgi/attacked/releases/{spied.live()}/src/"
    left = spied.host.run(f"find {trees} '(' ! -user root -o -type p -o -perm /6022 ! -type l ')' -print").stdout
    assert left == ""
    assert spied.host.run(f"stat -c %F {VENV}/.complete").stdout.strip() == "regular empty file"
    assert spied.host.run(f"test -e {VENV}/lib/open && cat {TRAPPED}").stdout.strip() == spied.host.name


def test_nothing_runs_on(spied: Prey) -> None:
    assert not spied.host.run("systemctl list-units --plain --no-legend --all 'asgi-*.build.service'").stdout


def test_a_daemon_reload_leaves_its_sandbox_as_it_was(released: tuple[Prey, Reload]) -> None:
    before, after = released[1].result()
    assert any(line.startswith("TemporaryFileSystem=") and "/dev/shm" in line for line in before)
    assert after == before
