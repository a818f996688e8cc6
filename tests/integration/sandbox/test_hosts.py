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
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.transport import MARK

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
    - ansible.builtin.raw: "{command}"
    - ansible.builtin.debug:
        msg: >-
          known are {{{{ groups.all | join(' ') }}}} in {{{{ groups.keys() | join(' ') }}}} and
          {{{{ variable | default(ansible_facts.variable | default('no variable')) }}}};
          {{{{ found.applications | default({{}}) | to_json }}}}
"""
# What the controller does with an answer where nothing checks it: an action that passes it on, as ours once did.
UNPROTECTED = """\
import json
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return json.loads(self._low_level_execute_command("cat {python}.json")["stdout"])
"""
SYSTEM = ("distribution", "distribution_version", "distribution_major_version", "distribution_release")
STATUS = {
    "changed": False,
    "applications": {},
    "certificates": {},
    "host": {
        **{name: 1 for name in ("now", "memory_available", "memory_total", "disk_free", "disk_total")},
        "firewall": None,
        "replaced": {},
        "restart": {"mode": "never", "at": None},
        "system": {**dict.fromkeys(SYSTEM, "13"), "versions": {}},
    },
}


@pytest.fixture
def broken_into(attacked: Prey) -> Iterator[Prey]:
    yield attacked
    attacked.host.run(f"rm -f {PYTHON} {PYTHON}.json")


def answering(host: Prey, answer: Any) -> None:
    host.host.run(f"cat >{PYTHON}.json", stdin=json.dumps(answer) + "\n")
    script = f"#!/bin/sh\ncat >/dev/null\nprintf %s '{MARK}'\ncat {PYTHON}.json\n"
    host.host.run(f"printf %s {shlex.quote(script)} >{PYTHON} && chmod 0755 {PYTHON}")


def played(host: Prey, folder: Path, *, protected: bool = True) -> subprocess.CompletedProcess[str]:
    file = folder / "play.yml"
    # Where it runs here after all, it leaves a file; on the host there is no such folder.
    command = f"! test -d {folder} || touch {folder}/reached"
    text = PLAY.format(host=host.host.name, python=PYTHON, command=command)
    if not protected:
        (folder / "action_plugins").mkdir()
        (folder / "action_plugins" / "unprotected.py").write_text(UNPROTECTED.format(python=PYTHON))
        text = text.replace("asgi.deploy.status", "unprotected").replace(f", ansible_python_interpreter: {PYTHON}", "")
    file.write_text(text)
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), f"--inventory={HOSTS}", str(file)]
    return subprocess.run(argv, env={**os.environ, **PLAIN}, capture_output=True, text=True, timeout=120, check=False)


def obeyed(name: str, reached: Path) -> dict[str, dict[str, Any]]:
    """Return what Ansible obeys in a result, by its effect: a command on the controller, or another
    inventory.
    """
    proxy = {"ansible_ssh_common_args": f"-oControlPath=none -oProxyCommand='touch {reached}'"}
    local = {"ansible_connection": "local"}
    return {
        "options of SSH of a host": {"add_host": {"host_name": name, "groups": [], "host_vars": proxy}},
        "another connection to a host": {"add_host": {"host_name": name, "groups": [], "host_vars": local}},
        "a variable of the play": {"ansible_facts": {"variable": "added"}},
        "a host": {"add_host": {"host_name": "added", "groups": ["asgi"], "host_vars": {}}},
        "a group": {"add_group": "added", "parent_groups": ["all"]},
    }


def came_about(kind: str, done: subprocess.CompletedProcess[str], reached: Path) -> bool:
    """Return whether the answer reached what it was for."""
    if kind in ("a host", "a group", "a variable of the play"):
        return "known are " in done.stdout and "added" in done.stdout
    # By a local connection the raw command of the play runs here.
    return reached.exists()


KINDS = list(obeyed("", Path()))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_not_obeyed(broken_into: Prey, tmp_path: Path, kind: str) -> None:
    reached = tmp_path / "reached"
    answering(broken_into, {**STATUS, **obeyed(broken_into.host.name, reached)[kind], "warnings": ["\x1b[2Jgone"]})
    done = played(broken_into, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not came_about(kind, done, reached)
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_obeyed_where_nothing_protects(broken_into: Prey, tmp_path: Path, kind: str) -> None:
    reached = tmp_path / "reached"
    answering(broken_into, {**STATUS, **obeyed(broken_into.host.name, reached)[kind]})
    done = played(broken_into, tmp_path, protected=False)
    assert came_about(kind, done, reached), done.stdout + done.stderr


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
    facts = {**dict.fromkeys(SYSTEM, fact), "versions": {}}
    others = {"processor_nproc": 1, "memtotal_mb": 1000, "all_ipv6_addresses": [], "nameservers": [], "nftables": True}
    answering(broken_into, {**facts, **others})
    arguments = (f"--limit={broken_into.host.name}", f"--extra-vars=ansible_python_interpreter={PYTHON}")
    run = scenario(*arguments)
    assert run.status != 0 and "the host's answer: fact distribution: found" in " ".join(run.output.split()), run.output
    assert not reached.exists()
