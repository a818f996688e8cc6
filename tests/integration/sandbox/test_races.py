"""An application swaps folders for links while root works in what it stores: a race, which root must not lose."""

from __future__ import annotations

import shlex
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.integration.hosts import module
from tests.integration.sandbox.conftest import Prey

GONE = "racer"  # an application that is to go, as far as it is on disk
STORAGE, CACHE = f"/var/lib/asgi-storage/{GONE}", f"/var/cache/asgi-{GONE}"
RESTORED = "/var/lib/asgi-storage/attacked/uploads"
VICTIMS = ("/var/lib/asgi-storage/neighbour/uploads/victim", "/etc/asgi-victim")
FILES = 20  # in each victim
USER = "asgi-attacked"
PAIRS = 40
# Makes folders and links to victims, and exchanges each folder with its link without end.
SWAPPER = f"""\
import ctypes, itertools, os, sys
libc = ctypes.CDLL(None)
victims = sys.argv[1:]
for number in range({PAIRS}):
    os.mkdir(f"d{{number}}")
    for name in range(5):
        open(f"d{{number}}/f{{name}}", "w").close()
    os.symlink(victims[number % len(victims)], f"l{{number}}")
print("begun", flush=True)
for number in itertools.cycle(range({PAIRS})):
    names = f"d{{number}}".encode(), f"l{{number}}".encode()
    for _ in range(20):
        libc.renameat2(-100, names[0], -100, names[1], 2)
"""
# As root's programs often do: they look first, and act on what has the same name then.
CARELESS = """\
import os, sys, time
def remove(path):
    for name in os.listdir(path):
        inner = os.path.join(path, name)
        if os.path.isdir(inner) and not os.path.islink(inner):
            remove(inner)
        elif not os.path.islink(inner):
            os.unlink(inner)
def give(path):
    for name in os.listdir(path):
        inner = os.path.join(path, name)
        if not os.path.islink(inner):
            os.chown(inner, {uid}, {uid})
            if os.path.isdir(inner):
                give(inner)
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    try:
        {work}({path!r})
    except OSError:
        pass
    if {done}:
        sys.exit()
sys.exit("the race was not lost")
"""


def victims(prey: Prey) -> list[str]:
    """Return the owners of the victims' files."""
    return prey.host.run(f"stat -c '%n %U' {' '.join(f'{one}/*' for one in VICTIMS)}").stdout.splitlines()


@pytest.fixture(autouse=True)
def laid_out(attacked: Prey, neighbour: Prey) -> Iterator[None]:
    """Yield the targets of attacks: storage of the neighbour, and a folder of root's."""
    names = " ".join(f"{victim}/f{number}" for victim in VICTIMS for number in range(FILES))
    attacked.host.run(f"install -d -o asgi-neighbour -g asgi-neighbour {VICTIMS[0]}; mkdir -p {VICTIMS[1]}")
    attacked.host.run(f"touch {names} && chown asgi-neighbour: {VICTIMS[0]}/*")
    yield
    attacked.host.run(f"rm -rf {' '.join(VICTIMS)} {STORAGE} {CACHE} {RESTORED}/race")


@contextmanager
def swapping(prey: Prey, *folders: str) -> Iterator[None]:
    """Exchange folders for links in each of these folders as the application's user, until the block ends."""
    units = [f"swapper-{uuid.uuid4().hex}.service" for _ in folders]
    prey.host.run("cat >/run/swapper.py", stdin=SWAPPER)
    for unit, folder in zip(units, folders, strict=True):
        prey.host.run(f"install -d -o {USER} -g {USER} {folder}")
        command = f"cd {folder} && exec runuser -u {USER} -- python3 /run/swapper.py {' '.join(VICTIMS)}"
        prey.host.run(f"systemd-run --quiet --collect --unit={unit} sh -c {shlex.quote(command)}")
        prey.eventually(f"journalctl --unit={unit} --output=cat | grep -q begun")
    try:
        yield
    finally:
        prey.host.run(f"systemctl stop {' '.join(units)}")


def test_removing_an_application_removes_nothing_elsewhere(attacked: Prey) -> None:
    before = victims(attacked)
    folders = (f"{STORAGE}/uploads", f"{CACHE}/thumbnails")
    with swapping(attacked, *folders), suppress(AssertionError):  # or it says what it could not remove
        module(attacked.host.name, "remove", name=GONE, by="tests", data=True)
    assert victims(attacked) == before and len(before) == FILES * len(VICTIMS)
    module(attacked.host.name, "remove", name=GONE, by="tests", data=True)
    assert attacked.host.run(f"ls -d {STORAGE} {CACHE}", check=False).stdout == ""


def test_giving_it_what_was_restored_gives_it_nothing_else(attacked: Prey) -> None:
    """What root has restored from a backup is root's; systemd gives it to the application when a unit starts."""
    before = victims(attacked)
    lines = f"--property=StateDirectory=asgi-storage/attacked/uploads --property=User={USER}"
    with swapping(attacked, f"{RESTORED}/race"):
        for _ in range(10):
            attacked.host.run(f"chown root: {RESTORED}; systemd-run --quiet --wait --collect {lines} true")
        attacked.host.run(f"chown root: {RESTORED}; systemctl restart {attacked.service}")
    owner = attacked.host.run(f"stat -c %U {RESTORED}").stdout.strip()
    assert (victims(attacked), owner) == (before, USER)


def careless(prey: Prey, work: str, path: str, done: str) -> None:
    """Run root's careless program until it has done what it must not."""
    uid = prey.host.run(f"id -u {USER}").stdout.strip()
    prey.host.run("cat >/run/careless.py", stdin=CARELESS.format(work=work, path=path, uid=uid, done=done))
    prey.host.run("python3 /run/careless.py", timeout=120)


def test_a_careless_program_removes_what_is_a_neighbours(attacked: Prey) -> None:
    with swapping(attacked, f"{STORAGE}/uploads"):
        careless(attacked, "remove", STORAGE, f"len(os.listdir({VICTIMS[0]!r})) < {FILES}")


def test_a_careless_program_gives_away_what_is_roots(attacked: Prey) -> None:
    with swapping(attacked, f"{STORAGE}/uploads"):
        careless(attacked, "give", STORAGE, f"any(os.stat(one.path).st_uid for one in os.scandir({VICTIMS[1]!r}))")
