"""What an attacker inside the application's process can reach: the table of docs/sandbox.md, row by row."""

from __future__ import annotations

import errno
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.sandbox.attacks import ATTACKS, Attack
from tests.integration.sandbox.conftest import Prey, scenario

REFUSED = {errno.EPERM, errno.EACCES, errno.EROFS, errno.EAFNOSUPPORT, errno.ENOENT, errno.ECONNREFUSED}

# What of an application only root may read, or the application as well.
ONLY_OF_THE_APPLICATION = [
    "/etc/asgi-deploy/tls/attacked/combined.pem",
    "/srv/asgi/neighbour/current/environment",
    "/srv/asgi/attacked/current/src/prey/main.py",
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.what)
def test_attack(attacked: Prey, attack: Attack) -> None:
    actual = attacked.attack(attack.code)
    assert actual["error"] in attack.errors, actual
    assert actual["errno"] is None or actual["errno"] in REFUSED, actual


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.harmless], ids=lambda attack: attack.what)
def test_it_is_one(attacked: Prey, attack: Attack) -> None:
    """Root, in no sandbox, gets further with the same code: what stops it is not its own mistake."""
    actual = attacked.as_root(attack.code)
    assert actual["error"] is None, actual


def test_the_rest_of_dev_is_away(attacked: Prey) -> None:
    actual = attacked.attack("import os; result = os.listdir('/dev')")["result"]
    usual = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "mqueue", "hugepages", "log"}
    assert set(actual) - {"stdin", "stdout", "stderr", "fd", "core", "char", "block"} <= usual


def test_what_it_writes_is_for_itself(attacked: Prey) -> None:
    attacked.attack("open('uploads/secret', 'w').write('x')")
    mode = attacked.host.run("stat -c %a /var/lib/asgi-storage/attacked/uploads/secret").stdout.strip()
    assert mode == "600"


def test_tmp_and_shared_memory_are_its_own(attacked: Prey, neighbour: Prey) -> None:
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        assert attacked.attack(f"open('{folder}/for-others', 'w').close()")["error"] is None, folder
        assert neighbour.attack(f"open('{folder}/for-others')")["error"] == "FileNotFoundError", folder
        assert attacked.host.run(f"test -e {folder}/for-others", check=False).returncode == 1, folder


def test_root_finds_them(attacked: Prey) -> None:
    """As everybody does, where a unit has no folders of its own."""
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        file = f"{folder}/of-the-neighbour"
        attacked.host.run(f"runuser -u asgi-neighbour -- sh -c 'umask 022; touch {file}'")
        attacked.host.run(f"runuser -u asgi-attacked -- test -r {file}; status=$?; rm {file}; exit $status")


@pytest.mark.parametrize("path", ONLY_OF_THE_APPLICATION)
def test_nginxs_workers_read_nothing_of_it(attacked: Prey, path: str) -> None:
    done = attacked.host.run(f"runuser -u www-data -- cat {path}", check=False)
    assert done.returncode != 0 and "Permission denied" in done.stderr, done.stderr


@pytest.mark.parametrize("path", ONLY_OF_THE_APPLICATION)
def test_root_reads_it(attacked: Prey, path: str) -> None:
    assert attacked.host.run(f"cat {path}").stdout


def test_a_command_is_in_the_same_sandbox(attacked: Prey) -> None:
    """Also once systemd has read its units again, as when packages are installed at the same time."""
    command = "sh -c 'ls /srv/asgi /var/lib/asgi; df --output=size,target --block-size=1 /dev/shm'"
    variables = {"asgi_app": "attacked", "asgi_command": command}
    with ThreadPoolExecutor(1) as pool:
        reloaded = pool.submit(attacked.reloaded, "asgi-attacked.exec-*.service")
        run = scenario(f"--limit={attacked.host.name}", f"--extra-vars={json.dumps(variables)}", name="exec").ok()
    assert "neighbour" not in run.output and run.output.count("attacked\n") == 2, run.output
    size = attacked.attack("import os; found = os.statvfs('/dev/shm'); result = found.f_blocks * found.f_frsize")
    assert f"{size['result']} /dev/shm" in run.output
    before, after = reloaded.result()
    assert any(line.startswith("TemporaryFileSystem=") and "/dev/shm" in line for line in before)
    assert after == before
