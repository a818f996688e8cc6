"""A host as the controller: one version of ansible-core, the collection as it is published, and what tests need."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests import ROOT
from tests.integration.hosts import Run
from tests.lab import Host, LabError
from tests.lab.process import run

FOLDER = "/opt/matrix"
COLLECTIONS = f"{FOLDER}/collections"
INSTALLED = f"{COLLECTIONS}/ansible_collections/asgi/deploy"
BIN = f"{FOLDER}/venv/bin"
NATIVE = {"ANSIBLE_JINJA2_NATIVE": "true"}  # what 2.18 needs, and later ones do by themselves
PACKAGES = "git iproute2 nftables openssh-client openssl"  # what unit tests and ansible call
# Mitogen works with 2.18 only; it sends modules in its own way, and takes no code.
MITOGEN_CORE = "2.18"
MITOGEN = {
    "ANSIBLE_HOST_KEY_CHECKING": "false",  # as the options of ssh in the inventory say, which it does not read
    "ANSIBLE_STRATEGY": "mitogen_linear",
    "ANSIBLE_STRATEGY_PLUGINS": f"{FOLDER}/venv/lib/python3.11/site-packages/ansible_mitogen/plugins/strategy",
}
# What is on its way out, or of no use any more, has to show; from 2.19 on the second one, in 2.24 the first one is so.
STRICT = {
    "ANSIBLE_INJECT_FACT_VARS": "false",
    "ANSIBLE_ALLOW_EMBEDDED_TEMPLATES": "false",
    "ANSIBLE_DEPRECATION_WARNINGS": "true",
    "ANSIBLE_COLLECTIONS_ON_ANSIBLE_VERSION_MISMATCH": "error",
    "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS,
    "ANSIBLE_NOCOLOR": "true",
}


@dataclass(frozen=True)
class Controller:
    """A host of a lab that runs playbooks against others."""

    host: Host
    core: str

    @property
    def environment(self) -> str:
        """Return what playbooks and tests are run with."""
        return " ".join(f"{name}={value}" for name, value in (STRICT | (NATIVE if self.core == "2.18" else {})).items())

    def prepare(self, lock: Path, artifact: Path) -> None:
        """Prepare a bare host: a locked ansible-core, the artifact, and the tests next to it."""
        self.host.run(f"apt-get install -qy --no-install-recommends {PACKAGES}", timeout=300)
        self.host.run(f"mkdir -p {FOLDER}")
        self.send([lock, artifact, ROOT / ".venv" / "bin" / "uv"])
        self.host.run(
            f"cd {FOLDER} && export UV_CACHE_DIR=/var/cache/asgi/uv UV_LINK_MODE=copy && "
            f"./uv venv -q --python /usr/bin/python3 venv && "
            f"./uv pip sync -q --require-hashes --python {BIN}/python {lock.name}",
            timeout=300,
        )
        install = f"{BIN}/ansible-galaxy collection install {FOLDER}/{artifact.name} --collections-path {COLLECTIONS}"
        self.host.run(f"env {self.environment} {install}")
        # The rest of the repository comes to lie in the installed collection; what is installed stays what it is.
        self.send(untouched(artifact), ROOT, INSTALLED)
        self.host.run(f"mkdir -p {INSTALLED}/.venv && ln -s {COLLECTIONS} {INSTALLED}/.venv/collections")
        self.host.run(f"git init -q {INSTALLED}")  # checks of the tree ask git which files it has

    def send(self, files: list[Path], top: Path | None = None, folder: str = FOLDER) -> None:
        """Put files there: by their names, or by their paths below `top`."""
        roots = [f"-C{top}", *(str(file.relative_to(top)) for file in files)] if top else []
        roots = roots or [word for file in files for word in (f"-C{file.parent}", file.name)]
        packed = subprocess.run(["tar", "-c", *roots], stdout=subprocess.PIPE, check=True).stdout
        argv = self.host.machine.target.argv(f"tar -x --no-same-owner -C {folder}")
        done = subprocess.run(argv, input=packed, capture_output=True, check=False, timeout=120)
        if done.returncode:
            raise LabError(f"{self.host.name} did not take files: {done.stderr.decode()}")

    def version(self) -> str:
        """Return the versions of ansible-core and Python, as in `2.19.14, Python 3.11.2`."""
        code = (
            "import platform, ansible.release as it; print(it.__version__, platform.python_version(), sep=', Python ')"
        )
        return self.host.run(f"{BIN}/python -c {shlex.quote(code)}").stdout.strip()

    def units(self) -> Run:
        """Return the unit tests, run from the installed collection."""
        path = f"PATH={BIN}:/usr/sbin:/usr/bin:/sbin:/bin"
        command = f"cd {INSTALLED} && env {path} {self.environment} {BIN}/python -m pytest -q tests/unit 2>&1"
        done = self.host.run(command, check=False, timeout=900)
        return Run(done.returncode, done.stdout)

    def playbook(self, name: str, *arguments: str, **env: str) -> Run:
        """Return a playbook of the collection, run as a user does who is not root."""
        argv = [f"{BIN}/ansible-playbook", f"asgi.deploy.{name}", f"--inventory={FOLDER}/inventory.yml", *arguments]
        more = shlex.join(f"{name}={value}" for name, value in env.items())
        command = f"env {self.environment} {more} {shlex.join(argv)} 2>&1"
        done = self.host.run(command, root=False, check=False, timeout=900)
        return Run(done.returncode, done.stdout)


def untouched(artifact: Path) -> list[Path]:
    """Return files of the repository that the artifact leaves out."""
    listed = run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]).stdout.splitlines()
    packed = set(run(["tar", "-tf", str(artifact)]).stdout.splitlines())
    return [ROOT / name for name in listed if name not in packed and (ROOT / name).is_file()]
