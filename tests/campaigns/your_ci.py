"""The scenario of examples/molecule as a reader has it who followed docs/your-ci.md: `make your-ci`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests import ROOT
from tests.integration.hosts import PLAIN
from tests.project.artifact import copy

LIMIT = 900  # seconds
# In addition to the tests that are copied: the hosts' program and the collection must be in no release.
RELEASED = """\
def test_a_release_holds_only_the_project(host):
    find = "find /srv/asgi/shop/current/src/ -type f ! -name '*.pyc' ! -name test_released.py -printf '%P\\\\n'"
    with host.sudo():
        released = host.check_output(find)
    assert sorted(released.split()) == {project}
"""


def main() -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        project, clone = Path(folder, "project"), Path(folder, "asgi.deploy")
        copy(ROOT, clone)
        shutil.copytree(clone / "examples" / "shop", project)
        shutil.copytree(clone / "examples" / "molecule", project / "molecule" / "default")
        files = sorted(str(path.relative_to(project)) for path in project.rglob("*") if path.is_file())
        test = project / "molecule" / "default" / "tests" / "test_released.py"
        test.write_text(RELEASED.format(project=files), encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if name != "ASGI_DEPLOY"} | PLAIN
        environment["ASGI_LAB"] = f"{os.environ.get('ASGI_TEST_LAB', 'your')}-ci"
        environment["ANSIBLE_COLLECTIONS_PATH"] = str(Path(folder, "collections"))
        environment["MOLECULE_EPHEMERAL_DIRECTORY"] = str(Path(folder, "state"))
        for argv in (
            ["git", "init", "--quiet"],
            ["git", "add", "--all"],
            [program("ansible-galaxy"), "collection", "install", "--force", "../asgi.deploy"],
            [program("molecule"), "test", "--no-command-borders"],
        ):
            done = subprocess.run(
                argv,
                cwd=project,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=LIMIT,
                check=False,
            )
            if done.returncode:
                print(done.stdout)
                break
    print(f"the example scenario {'FAILED' if done.returncode else 'passed'} after {time.monotonic() - began:.0f} s")
    return done.returncode


def program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


if __name__ == "__main__":
    sys.exit(main())
