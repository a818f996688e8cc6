"""A host that was broken into answers what it likes: it reaches neither the controller nor other hosts by that."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.hosts import HOSTS, PLAIN
from tests.integration.sandbox.conftest import Prey, scenario

PYTHON = "/root/broken-into"  # in the place of Python: it reads what it is sent, and prints the answer of the test
PLAY = """\
- hosts: {host}
  gather_facts: false
  become: true
  vars: {{ansible_pipelining: true, ansible_python_interpreter: {python}}}
  tasks:
    - asgi.deploy.status:
      register: found
    - ansible.builtin.raw: "true"
    - ansible.builtin.debug:
        msg: "known are {{{{ groups.all | join(' ') }}}}; {{{{ found.applications | default({{}}) | to_json }}}}"
"""
STATUS = {
    "changed": False,
    "applications": {},
    "certificates": {},
    "host": {
        **{name: 1 for name in ("now", "memory_available", "memory_total", "disk_free", "disk_total")},
        "firewall": None,
    },
}


@pytest.fixture
def broken_into(attacked: Prey) -> Iterator[Prey]:
    yield attacked
    attacked.host.run(f"rm -f {PYTHON} {PYTHON}.json")


def answering(host: Prey, answer: Any) -> None:
    host.host.run(f"cat >{PYTHON}.json", stdin=json.dumps(answer) + "\n")
    script = f"#!/bin/sh\ncat >/dev/null\ncat {PYTHON}.json\n"
    host.host.run(f"printf %s {shlex.quote(script)} >{PYTHON} && chmod 0755 {PYTHON}")


def played(host: Prey, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "play.yml"
    file.write_text(PLAY.format(host=host.host.name, python=PYTHON))
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), f"--inventory={HOSTS}", str(file)]
    return subprocess.run(argv, env={**os.environ, **PLAIN}, capture_output=True, text=True, timeout=120, check=False)


def test_it_runs_nothing_on_the_controller(broken_into: Prey, tmp_path: Path) -> None:
    """By the options of SSH of a host that it adds, or that it says are its own."""
    reached = tmp_path / "reached"
    ways = {"ansible_ssh_common_args": f"-oProxyCommand='touch {reached}'", "ansible_connection": "local"}
    name = broken_into.host.name
    answer = {
        **STATUS,
        "add_host": {"host_name": name, "groups": [], "host_vars": ways},
        "add_group": "all",
        "ansible_facts": ways,
        "_ansible_delegated_vars": ways,
        "warnings": ["\x1b[2Jgone"],
    }
    answering(broken_into, answer)
    done = played(broken_into, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not reached.exists()
    assert "\x1b" not in done.stdout + done.stderr


def test_it_adds_no_host(broken_into: Prey, tmp_path: Path) -> None:
    answering(broken_into, {**STATUS, "add_host": {"host_name": "added", "groups": ["asgi"], "host_vars": {}}})
    done = played(broken_into, tmp_path)
    assert done.returncode == 0 and "known are " in done.stdout and "added" not in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({**STATUS, "applications": {"shop": {"live": 1}}}, "the host's answer: applications.shop"),
        ({**STATUS, "host": []}, "the host's answer: host: found a list of 0, expected dict"),
        ([STATUS], "the host's answer: the answer: found a list of 1"),
    ],
)
def test_what_is_no_answer_fails_for_itself(broken_into: Prey, tmp_path: Path, answer: Any, text: str) -> None:
    answering(broken_into, answer)
    done = played(broken_into, tmp_path)
    assert done.returncode != 0 and text in " ".join(f"{done.stdout}{done.stderr}".split()), done.stdout


def test_a_template_in_a_fact_is_not_evaluated(broken_into: Prey, tmp_path: Path) -> None:
    reached = tmp_path / "reached"
    fact = f"{{{{ lookup('ansible.builtin.pipe', 'touch {reached}') }}}}"
    facts = {"distribution": fact, "distribution_major_version": "13", "distribution_release": fact}
    numbers = {"processor_nproc": 1, "memtotal_mb": 1000, "all_ipv6_addresses": []}
    answering(broken_into, {**facts, **numbers})
    wanted = (f"--limit={broken_into.host.name}", f"--extra-vars=ansible_python_interpreter={PYTHON}")
    run = scenario(*wanted)
    assert run.status != 0 and "the host's answer: fact distribution: found" in " ".join(run.output.split()), run.output
    assert not reached.exists()
