"""Attacks that need a kernel of their own: what would take a machine of containers down, and what root does there only.

`make test-vm` runs them on its virtual machine, where the application `shop` has the limits below.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from tests.integration.sandbox.attacks import ATTACKS
from tests.integration.sandbox.conftest import STANDALONE
from tests.lab import Host

LIMITS = {"tasks": 64, "memory": 600}  # of the service, MiB
BECOME = "setpriv --reuid=asgi-shop --regid=asgi-shop --clear-groups"


@dataclass(frozen=True)
class Exhaustion:
    """Code that says how far it got, and how far it gets where nothing bounds it."""

    code: str
    all_of_it: int


EXHAUSTION = {
    "fork bomb": Exhaustion(
        "import os, time\n"
        "pids = []\n"
        "try:\n"
        "    while len(pids) < 500:\n"
        "        if (pid := os.fork()) == 0:\n"
        "            time.sleep(600)\n"
        "        pids.append(pid)\n"
        "except OSError:\n"
        "    pass\n"
        "print(len(pids), flush=True)\n"
        "for pid in pids:\n"
        "    os.kill(pid, 9)\n",
        500,
    ),
    "memory": Exhaustion(
        "kept = []\nfor count in range(14):\n    kept.append(b'x' * (64 * 2**20))\n    print(count + 1, flush=True)\n",
        14,
    ),
    "core dump": Exhaustion(
        "import resource\n"
        "try:\n"
        "    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "    print(1)\n"
        "except ValueError:\n"
        "    print(0)\n",
        1,
    ),
}
# In the application's own group of processes, with the limits of its first process, as its user; runuser would have
# PAM raise the limits again.
INSIDE = """\
main=$(systemctl show --property=MainPID --value {unit})
group=/sys/fs/cgroup$(systemctl show --property=ControlGroup --value {unit})
core=$(prlimit --pid $main --core --output HARD --noheadings | tr -d ' ')
enter='echo $$ >"$1/cgroup.procs" && exec prlimit --core="$2" {become} python3 -c "$3"'
sh -c "$enter" sh "$group" "$core" {code}
"""
OUTSIDE = "systemd-run --quiet --wait --pipe --collect --property=TasksMax=infinity python3 -c {code}"


def reached(output: str) -> int:
    """Return how far the code got, by the last number that it printed."""
    numbers = [int(line) for line in output.split() if line.isdigit()]
    return numbers[-1] if numbers else 0


def bounded(host: Host, attack: str) -> None:
    """Check that the attack reaches the service's limit in the application, and that the host goes on."""
    unit = f"asgi-shop@{host.run('basename $(readlink /srv/asgi/shop/current)').stdout.strip()}.service"
    code = shlex.quote(EXHAUSTION[attack].code)
    done = host.run(INSIDE.format(unit=unit, become=BECOME, code=code), check=False, timeout=900)
    got = reached(done.stdout)
    assert got < EXHAUSTION[attack].all_of_it, f"{attack}: {done.stdout}{done.stderr}"
    if attack == "fork bomb":
        assert got < LIMITS["tasks"], done.stdout
    if attack == "memory":
        assert got * 64 <= LIMITS["memory"], done.stdout


def unbounded(host: Host, attack: str) -> None:
    """Check that the same code gets all the way outside of the application."""
    done = host.run(OUTSIDE.format(code=shlex.quote(EXHAUSTION[attack].code)), check=False, timeout=900)
    assert reached(done.stdout) == EXHAUSTION[attack].all_of_it, f"{attack}: {done.stdout}{done.stderr}"


def as_root(host: Host) -> None:
    """Check that root gets further with the attacks for which guests have no rights."""
    for attack in ATTACKS:
        if attack.harmless:
            continue
        done = host.run(f"printf %s {shlex.quote(attack.code)} | python3 -c {shlex.quote(STANDALONE)}", timeout=300)
        result = json.loads(done.stdout.splitlines()[-1])
        assert result["error"] not in attack.errors, f"{attack.what}: {result}"


def all_of_them(host: Host) -> None:
    """Run each attack in the application, and where nothing protects."""
    as_root(host)
    for attack in EXHAUSTION:
        bounded(host, attack)
        unbounded(host, attack)
