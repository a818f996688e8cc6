"""What the build of a package reaches, and what it leaves: no more than the application itself would."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.integration.hosts import HELPER, HOSTS, LAB, Run
from tests.integration.sandbox.attacks import BETWEEN_BUILDS, BUILDING, ELSEWHERE, HANDED_OVER, OTHER, OUTGOING, Attack
from tests.integration.sandbox.conftest import Prey, scenario
from tests.integration.sandbox.spy.spy_backend import TRAPPED
from tests.integration.sandbox.test_attacks import REFUSED

SPY = Path(__file__).parent / "spy"
Reload = Future[tuple[list[str], list[str]]]
HELD = "/var/cache/asgi/packages/neighbour/held"  # while the neighbour's build works
AS_ROOT = [*HANDED_OVER, *BETWEEN_BUILDS]  # all others are among those of the application
VENV = "/srv/asgi/attacked/current/venv"


def release(site: Prey, version: str) -> Run:
    arguments = (
        f"--limit={site.host.name}",
        f"--extra-vars=asgi_app={site.app}",
        f"--extra-vars=asgi_version={version}",
    )
    return scenario(*arguments, name="release")


@pytest.fixture(scope="session")
def published() -> None:
    """Publish a version of the application that needs a package which attacks while it is built."""
    repository = LAB.repository("prey", HOSTS.parent / "prey")
    shutil.copytree(SPY, repository.tree / "spy", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    attacks = {item.what: item.code.replace(OTHER, LAB.host(HELPER).address) for item in (*BUILDING, *OUTGOING)}
    (repository.tree / "spy" / "attacks.json").write_text(json.dumps(attacks))
    with (repository.tree / "requirements.txt").open("a") as file:
        file.write("./spy\n")
    # By its name code, and no other application's.
    (repository.tree / "prey" / "leak.py").symlink_to("/srv/asgi/neighbour/current/environment")
    repository.commit("v1.1.0")
    (repository.tree / "spy" / "pipe").touch()
    repository.commit("v1.2.0")


@pytest.fixture(scope="module")
def found_by_root(published: None, neighbour: Prey) -> Iterator[dict[str, dict[str, Any]]]:
    """Yield the results of attacks on the neighbour's build by root, in no sandbox; that build works until all others
    ended.

    It fails then, so that the neighbour stays as it is.
    """
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(release, neighbour, "v1.1.0")
        try:
            neighbour.host.run(f"for n in $(seq 1000); do test -e {HELD} && exit; sleep 0.2; done; exit 1", timeout=260)
            yield {item.what: neighbour.as_root(item.code) for item in AS_ROOT}
        finally:
            neighbour.host.run(f"rm -f {HELD} /var/cache/asgi/packages/neighbour/dropped")
        ended = building.result()
    assert "the build that was attacked has ended" in ended.output, ended.output


@pytest.fixture(scope="module")
def released(found_by_root: dict[str, dict[str, Any]], attacked: Prey) -> Iterator[tuple[Prey, Reload]]:
    """Yield the application that needs it, and what came of a daemon-reload while it was built."""
    known = f"{LAB.host(HELPER).address} {ELSEWHERE}"
    attacked.host.run(f"grep -q {ELSEWHERE} /etc/hosts || echo '{known}' >>/etc/hosts")
    with ThreadPoolExecutor(1) as pool:
        reloaded = pool.submit(attacked.reloaded, "asgi-attacked.build.service")
        release(attacked, "v1.1.0").ok()
    yield attacked, reloaded
    release(attacked, "v1.0.0").ok()


@pytest.fixture(scope="module")
def spied(released: tuple[Prey, Reload]) -> Prey:
    return released[0]


@pytest.fixture(scope="module")
def found(spied: Prey) -> dict[str, Any]:
    return found_by(spied)


def found_by(site: Prey) -> dict[str, Any]:
    """Return the results of the attacks during the build of the live environment."""
    venv = f"/srv/asgi/{site.app}/current/venv"
    text = site.host.run(f"cat {venv}/lib/python3*/site-packages/spy_found.json").stdout
    attacks: dict[str, Any] = json.loads(text)
    return attacks


@pytest.fixture(scope="module")
def bounded(released: tuple[Prey, Reload], opened: Prey) -> Iterator[dict[str, Any]]:
    """Yield the same for an application whose connections are bounded."""
    release(opened, "v1.1.0").ok()
    yield found_by(opened)
    release(opened, "v1.0.0").ok()


@pytest.mark.parametrize("attack", OUTGOING, ids=lambda attack: attack.what)
def test_a_build_that_nothing_bounds_reaches_others(found: dict[str, Any], attack: Attack) -> None:
    assert found[attack.what]["error"] is None, found[attack.what]


@pytest.mark.parametrize("attack", OUTGOING, ids=lambda attack: attack.what)
def test_a_build_reaches_only_what_it_is_made_from(bounded: dict[str, Any], attack: Attack) -> None:
    """The application itself may reach that host."""
    assert bounded[attack.what]["error"] in attack.errors, bounded[attack.what]


@pytest.mark.parametrize("attack", BUILDING, ids=lambda attack: attack.what)
def test_attack(found: dict[str, Any], attack: Attack) -> None:
    came = found[attack.what]
    assert came["error"] in attack.errors, came
    assert came["errno"] is None or came["errno"] in REFUSED, came


@pytest.mark.parametrize("attack", AS_ROOT, ids=lambda attack: attack.what)
def test_it_is_one(found_by_root: dict[str, dict[str, Any]], attack: Attack) -> None:
    """Root, in no sandbox, gets further with the same code, while the neighbour's environment is built."""
    assert found_by_root[attack.what]["error"] is None, found_by_root[attack.what]


def test_what_it_leaves_is_roots_and_harmless(spied: Prey) -> None:
    trees = f"{VENV}/ /srv/asgi/attacked/releases/{spied.live()}/src/"
    left = spied.host.run(f"find {trees} '(' ! -user root -o -type p -o -perm /6022 ! -type l ')' -print").stdout
    assert left == ""
    assert spied.host.run(f"stat -c %F {VENV}/.complete").stdout.strip() == "regular empty file"
    assert spied.host.run(f"test -e {VENV}/lib/open && cat {TRAPPED}").stdout.strip() == spied.host.name


def test_nothing_runs_on(spied: Prey) -> None:
    assert not spied.host.run("systemctl list-units --plain --no-legend --all asgi-attacked.build.service").stdout


def test_a_daemon_reload_leaves_its_sandbox_as_it_was(released: tuple[Prey, Reload]) -> None:
    before, after = released[1].result()
    assert any(line.startswith("TemporaryFileSystem=") and "/dev/shm" in line for line in before)
    assert after == before


def test_root_reads_and_compiles_nothing_through_a_link(spied: Prey) -> None:
    """As it could, for the application to read: a file of variables is Python as well."""
    source = f"/srv/asgi/attacked/releases/{spied.live()}/src/prey"
    assert "SECRET" in spied.as_root(f"result = open('{source}/leak.py').read()")["result"], "what it leads to is there"
    compiled = spied.host.run(f"ls {source}/__pycache__").stdout
    assert "main." in compiled and "leak" not in compiled


@pytest.mark.parametrize(
    ("trap", "careless", "then"),
    [
        pytest.param(
            "ln -s /run/careless/hostname {0}/.complete", "echo done >{0}/.complete", "grep done hostname", id="a link"
        ),
        pytest.param(
            "ln -s /srv/asgi/neighbour/current/environment {0}/leak.py",
            "python3 -m compileall -qq {0}",
            "grep -q SECRET {0}/__pycache__/leak.*.pyc",
            id="a link that is compiled",
        ),
        pytest.param("mkfifo {0}/METADATA", "timeout 1 cat {0}/METADATA", "test $? -eq 124", id="a pipe"),
        pytest.param(
            "touch {0}/open && chmod 0666 {0}/open",
            "chown -R root: {0}",
            "runuser -u asgi-attacked -- sh -c 'echo changed >{0}/open'",
            id="a file that everybody may write",
        ),
        pytest.param(
            "install -o asgib-attacked -m 0644 /dev/null {0}/kept && exec 9>{0}/kept",
            "chown -R root: {0}",
            "echo changed >&9 && grep changed {0}/kept",
            id="a file that is kept open",
        ),
    ],
)
def test_careless_root_falls_for_it(attacked: Prey, trap: str, careless: str, then: str) -> None:
    """What a build has left, to a program of root's that reads or compiles it, or only makes root its owner."""
    lines = ("rm -rf /run/careless", "mkdir -p /run/careless/venv", "cd /run/careless", "echo name >hostname")
    script = "\n".join((*lines, "chmod 0755 . venv", trap, careless, then)).format("venv")
    attacked.host.run(f"sh -c {shlex.quote(script)}")


def test_every_application_is_built_by_a_user_of_its_own(spied: Prey) -> None:
    owners = dict(
        line.rsplit("/", 1)[1].split()
        for line in spied.host.run("stat -c '%n %U' /var/cache/asgi/packages/*").stdout.splitlines()
    )
    assert {app: owners[app] for app in ("attacked", "neighbour")} == {
        "attacked": "asgib-attacked",
        "neighbour": "asgib-neighbour",
    }


def test_a_pipe_in_an_environment_delays_no_one(spied: Prey) -> None:
    before = spied.live()
    run = release(spied, "v1.2.0")
    assert run.status != 0 and "METADATA is no regular file" in run.output, run.output
    assert spied.live() == before
    assert spied.host.run("flock --nonblock /srv/asgi/attacked/.lock true", check=False).returncode == 0
