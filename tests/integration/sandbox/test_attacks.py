"""What an attacker inside the application's process can reach: the table of docs/sandbox.md, row by row."""

from __future__ import annotations

import errno

import pytest

from tests.integration.sandbox.attacks import ATTACKS, Attack
from tests.integration.sandbox.conftest import Prey

REFUSED = {errno.EPERM, errno.EACCES, errno.EROFS, errno.EAFNOSUPPORT, errno.ENOENT, errno.ECONNREFUSED}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.what)
def test_attack(attacked: Prey, attack: Attack) -> None:
    found = attacked.attack(attack.code)
    assert found["error"] in attack.errors, found
    assert found["errno"] is None or found["errno"] in REFUSED, found


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.harmless], ids=lambda attack: attack.what)
def test_it_is_one(attacked: Prey, attack: Attack) -> None:
    """Root, in no sandbox, gets further with the same code: what stops it is not its own mistake."""
    found = attacked.as_root(attack.code)
    assert found["error"] is None, found


def test_the_rest_of_dev_is_away(attacked: Prey) -> None:
    found = attacked.attack("import os; result = os.listdir('/dev')")["result"]
    usual = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "mqueue", "hugepages", "log"}
    assert set(found) - {"stdin", "stdout", "stderr", "fd", "core", "char", "block"} <= usual


def test_what_it_writes_is_for_itself(attacked: Prey) -> None:
    attacked.attack("open('uploads/secret', 'w').write('x')")
    mode = attacked.host.run("stat -c %a /var/lib/asgi-storage/attacked/uploads/secret").stdout.strip()
    assert mode == "600"


def test_tmp_and_shared_memory_are_its_own(attacked: Prey, neighbour: Prey) -> None:
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        assert attacked.attack(f"open('{folder}/for-others', 'w').close()")["error"] is None, folder
        assert neighbour.attack(f"open('{folder}/for-others')")["error"] == "FileNotFoundError", folder
        assert attacked.host.run(f"test -e {folder}/for-others", check=False).returncode == 1, folder


def test_a_command_is_in_the_same_sandbox(attacked: Prey) -> None:
    """asgi.deploy.exec hands the release's sandbox to systemd-run."""
    text = attacked.host.run(f"cat /srv/asgi/attacked/releases/{attacked.live()}/sandbox.conf").stdout
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    argv = " ".join(f"--property={line.replace('%i', attacked.live())!r}" for line in lines)
    done = attacked.host.run(f"systemd-run --quiet --pipe --wait {argv} ls /srv/asgi /var/lib/asgi /dev/shm")
    assert "neighbour" not in done.stdout and done.stdout.count("attacked") == 2
