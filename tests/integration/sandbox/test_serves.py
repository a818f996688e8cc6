"""What applications do every day is possible in the sandbox, and what it keeps from them can be given back."""

from __future__ import annotations

import errno
import json
from urllib.parse import urlsplit

import pytest

from tests.integration.cloud import ask_by_tcp
from tests.integration.hosts import HELPER, LAB
from tests.integration.sandbox.attacks import CALLS, DROPPED
from tests.integration.sandbox.conftest import Prey, scenario

DATABASE = """\
import asyncio, asyncpg
async def ask():
    connection = await asyncpg.connect({options})
    try:
        return await connection.fetchval("SELECT current_user")
    finally:
        await connection.close()
result = asyncio.run(ask())
"""
WORKS = {
    "database by its socket": (
        DATABASE.format(options="host='/var/run/postgresql', user='asgi-attacked', database='attacked'"),
        "asgi-attacked",
    ),
    "database by TCP": (
        DATABASE.format(options="'postgresql://asgi-attacked:open%20sesame@127.0.0.1/attacked'"),
        "asgi-attacked",
    ),
    "numpy": ("import numpy; result = float((numpy.ones((300, 300)) @ numpy.ones((300, 300))).sum())", 27_000_000.0),
    "uploads": (
        "import pathlib; path = pathlib.Path('uploads/photo'); result = path.write_bytes(b'x' * 1000)",
        1000,
    ),
    "its own folder": (
        "import os, sqlite3\n"
        "db = sqlite3.connect(os.path.expanduser('~/cache.db'))\n"
        "db.executescript('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (x)')\n"
        "result = db.execute('SELECT count(*) FROM t').fetchone()[0]",
        0,
    ),
    "temporary files": (
        "import tempfile\nwith tempfile.NamedTemporaryFile() as file:\n    result = file.write(b'abc')",
        3,
    ),
    "another program": (
        "import subprocess; result = subprocess.run('id -un; python -c \"print(6*7)\"', shell=True, "
        "capture_output=True, text=True, check=True).stdout.split()",
        ["asgi-attacked", "42"],
    ),
    "processes that share a queue and memory": (
        "import multiprocessing.shared_memory as shared, concurrent.futures as futures, multiprocessing as m\n"
        "memory = shared.SharedMemory(create=True, size=4096); memory.close(); memory.unlink()\n"
        "with futures.ProcessPoolExecutor(2, m.get_context('fork')) as pool:\n"
        "    result = list(pool.map(abs, [-1, -2]))",
        [1, 2],
    ),
    "functions that C calls": (
        "import ctypes\n"
        "compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))\n"
        "numbers = (ctypes.c_int * 3)(3, 1, 2)\n"
        "ctypes.CDLL(None).qsort(numbers, 3, 4, compare(lambda a, b: a[0] - b[0]))\n"
        "result = list(numbers)",
        [1, 2, 3],
    ),
    "the host's figures": (
        "import os; result = os.cpu_count() > 0 and 'MemTotal' in open('/proc/meminfo').read()",
        True,
    ),
}


@pytest.mark.parametrize("name", WORKS)
def test_works(attacked: Prey, name: str) -> None:
    code, expected = WORKS[name]
    actual = attacked.attack(code)
    assert (actual["error"], actual.get("result")) == (None, expected), actual


def test_reaches_other_hosts_by_name(attacked: Prey) -> None:
    """By the host's own resolver, over HTTP."""
    other = LAB.host(HELPER)
    code = f"import urllib.request as u; result = u.urlopen('http://{other.address}:8080/', timeout=5).status"
    other.run("systemd-run --quiet --unit=pages --working-directory=/usr/share python3 -m http.server 8080")
    try:
        other.run("until ss --listening --numeric --tcp | grep -q :8080; do sleep 0.1; done", timeout=60)
        assert attacked.attack(code) == {"error": None, "result": 200}
    finally:
        other.run("systemctl stop pages")
    attacked.host.run(f"grep -q elsewhere.test /etc/hosts || echo '{other.address} elsewhere.test' >>/etc/hosts")
    actual = attacked.attack("import socket; result = socket.getaddrinfo('elsewhere.test', 80)[0][4][0]")
    assert actual == {"error": None, "result": other.address}
    # What the name server says does not matter; that it is asked does.
    name = attacked.attack("import socket; socket.getaddrinfo('no-such-name.invalid', 80)")
    assert name["error"] == "gaierror" and "not known" in name["text"], name


def test_every_unit_is_shut(attacked: Prey) -> None:
    live = attacked.live()
    kinds = ("", ".command", ".drain", ".process-worker-1", ".job-tick")
    actual = {kind: attacked.exposure(f"asgi-attacked{kind}@{live}.service") for kind in kinds}
    assert all(number <= 1.5 for number in actual.values()), actual


def test_the_release_command_has_run(attacked: Prey) -> None:
    assert attacked.attack("result = open('uploads/migrated').read()")["result"] == "once\n"


@pytest.mark.parametrize(
    ("unit", "most"), [("nginx.service", 3.0), ("asgi-certificates.service", 3.0), ("asgi-failed@x.service", 3.0)]
)
def test_what_serves_next_to_it_is_shut(attacked: Prey, unit: str, most: float) -> None:
    assert attacked.exposure(unit) <= most


OPENED = {
    "jit": "import mmap; mmap.mmap(-1, 4096, prot=7)",
    "run_stored": DROPPED.format(folder="/tmp"),
    "write": "open('/mnt/exports/mine', 'w').close()",
    "devices": "open('/dev/net/tun', 'rb').close()",
    "groups": "assert open('/mnt/exports/for-the-group').read() == 'for the group\\n'",
    "namespaces": f"{CALLS}import subprocess\nsubprocess.run(['unshare', '--user', '--mount', 'true'], check=True)",
    "sockets": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "dbus": "import socket; socket.socket(socket.AF_UNIX).connect('/run/dbus/system_bus_socket')",
    "syscalls": f"{CALLS}checked(libc.syscall(KEYCTL, 0, -3, 1))",
    "metadata": ask_by_tcp("169.254.169.254"),
}


@pytest.mark.parametrize("option", OPENED)
def test_each_door_can_be_opened(attacked: Prey, opened: Prey, option: str) -> None:
    assert attacked.attack(OPENED[option])["error"] is not None, "by default it is shut"
    actual = opened.attack(OPENED[option])
    assert actual["error"] is None, actual


def test_only_what_is_listed_can_be_reached(attacked: Prey, opened: Prey) -> None:
    listed, other = LAB.host(HELPER), urlsplit(LAB.acme_directory)

    def connect(address: str | None, port: int | None = 22) -> str:
        return f"import socket; socket.create_connection(('{address}', {port}), timeout=3).close()"

    assert opened.attack(connect(listed.address))["error"] is None
    assert opened.attack(connect("127.0.0.1"))["error"] is None
    assert attacked.attack(connect(other.hostname, other.port))["error"] is None, "by default all can"
    assert opened.attack(connect(other.hostname, other.port))["error"] in ("PermissionError", "TimeoutError")


BOUND = {HELPER: None, "elsewhere": errno.EPERM}


@pytest.mark.parametrize("kind", ["command", "process", "job"])
def test_other_units_reach_no_more(opened: Prey, kind: str) -> None:
    """Each unit of an application that is no server writes down what it can send to."""
    if kind == "job":
        opened.host.run(f"systemctl start asgi-opened.job-reach@{opened.live()}.service")
    assert bound(opened.host.run(f"cat /var/lib/asgi-storage/opened/uploads/reached-{kind}").stdout) == BOUND


def test_a_command_reaches_no_more(opened: Prey) -> None:
    variables = {"asgi_app": "opened", "asgi_command": "python -m prey.reach exec"}
    run = scenario(f"--limit={opened.host.name}", f"--extra-vars={json.dumps(variables)}", name="exec").ok()
    [actual] = [line for line in run.output.splitlines() if "198.18.255.254" in line]
    assert bound(actual[actual.index("{") : actual.rindex("}") + 1].replace("\\", "")) == BOUND


def bound(text: str) -> dict[str, int | None]:
    """Return the result of sending, by host."""
    results = json.loads(text)
    assert isinstance(results, dict)
    helper = LAB.host(HELPER).address
    return {HELPER if address == helper else "elsewhere": number for address, number in results.items()}


def test_it_is_shown_by_release_info(opened: Prey, attacked: Prey) -> None:
    doors = opened.info()["sandbox"]
    assert set(doors) == {"outgoing", *OPENED}
    assert doors["syscalls"] == ["ptrace", "keyctl"]
    assert attacked.info()["sandbox"] == {}
