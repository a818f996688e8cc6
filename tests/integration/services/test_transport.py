"""The way of a run to its host: by modules in this scenario; by code that is sent, for a user with any login shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.integration.hosts import HOSTS, PLAIN, SIDE, Run, playbook
from tests.integration.services.conftest import INVENTORY, Orders

SHELLS = {"tcsh": "tcsh", "csh": "bsd-csh", "fish": "fish"}  # Debian packages, and their programs
HIDDEN = "hunter2-of-the-visitor"
ROOT_PASSWORD = "let-me-in"  # noqa: S105
BY_MODULE, BY_CODE = "by a module: ", "asgi.deploy answers: "


def ask(*arguments: str, user: str = "admin", **env: str) -> Run:
    """Make Ansible ask the host for a file with a secret in its name, and return all that it prints with -vvv."""
    options = {"files": [{"path": f"/tmp/{HIDDEN}/key", "secret_content": HIDDEN}]}
    argv = [str(Path(sys.executable).with_name("ansible")), SIDE, "--become", "--check", "-vvv"]
    argv += [f"--inventory={HOSTS}", f"--extra-vars=ansible_user={user}", *arguments]
    argv += ["--module-name=asgi.deploy.files", f"--args={json.dumps(options)}"]
    environment = {**os.environ, **PLAIN, **env}
    done = subprocess.run(argv, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=300)
    return Run(done.returncode, f"{done.stdout}{done.stderr}")


@pytest.fixture(scope="module")
def visitors(orders: Orders) -> Iterator[dict[str, str]]:
    """Make a user for each shell, as whom Ansible logs in, and a password for root; return the users."""
    host, users = orders.host, {shell: f"visitor-{shell}" for shell in SHELLS}
    host.run(f"apt-get install -qq --no-install-recommends {' '.join(SHELLS)}")
    for shell, user in users.items():
        host.run(
            f"useradd --create-home --shell /bin/{SHELLS[shell]} {user} && "
            f"cp -r ~admin/.ssh /home/{user}/ && chown -R {user}: /home/{user}/.ssh && "
            f"echo '{user} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{user}"
        )
    host.run("chpasswd", stdin=f"root:{ROOT_PASSWORD}\n")
    yield users
    host.run("usermod --password '*' root")
    for user in users.values():
        host.run(f"rm /etc/sudoers.d/{user}; pkill -KILL -u {user}; userdel --remove {user} 2>/dev/null", check=False)


def test_all_of_this_scenario_is_done_by_modules() -> None:
    run = playbook("-vvv", name="status", inventories=(HOSTS, INVENTORY)).ok()
    assert f"{BY_MODULE}no pipelining" in run.output and BY_CODE not in run.output


@pytest.mark.parametrize("shell", SHELLS)
def test_a_host_takes_code_by_any_login_shell(visitors: dict[str, str], shell: str) -> None:
    run = ask(user=visitors[shell]).ok()
    assert BY_CODE in run.output and BY_MODULE not in run.output
    assert "/tmp/********/key" in run.output and HIDDEN not in run.output


@pytest.mark.usefixtures("visitors")
@pytest.mark.parametrize(
    ("arguments", "env", "reason"),
    [
        (["-eansible_pipelining=false"], {}, "no pipelining"),
        (["-eansible_become_method=su", f"-eansible_become_password={ROOT_PASSWORD}"], {}, "no pipelining"),
        ([], {"ANSIBLE_KEEP_REMOTE_FILES": "1"}, "no pipelining"),
        (["--background=60", "--poll=1"], {}, "async"),
    ],
    ids=["variable", "su", "kept files", "async"],
)
def test_otherwise_a_module_does_it(arguments: list[str], env: dict[str, str], reason: str) -> None:
    run = ask(*arguments, **env).ok()
    assert f"{BY_MODULE}{reason}" in run.output and BY_CODE not in run.output
    assert "/tmp/********/key" in run.output and HIDDEN not in run.output


def test_a_host_without_sudo_says_so() -> None:
    run = ask("-eansible_become_exe=/usr/local/bin/no-such-sudo")
    assert run.status != 0
    assert "ansible_become_method: found 'sudo', but /usr/local/bin/no-such-sudo is not on the host" in run.output
    assert "python3 is not on the host" not in run.output
