"""Labs and their hosts: the API for tests, and what the command line is made of.

    from tests.lab import Lab

    web1 = Lab("demo").host("web1")
    web1.run("systemctl is-active nginx", check=False).returncode
    web1.reboot()

Looking and ``run`` need no root. What does need it re-runs itself through the command line, by sudo.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests import ROOT
from tests.lab import acme, ca, git, image, index, network, packages, runner, sources, state
from tests.lab.host import Machine
from tests.lab.host import remove as remove_host
from tests.lab.process import LabError, run
from tests.lab.ssh import OPTIONS

NAME = re.compile(r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$")
NAME_LENGTH = 30  # two of them make a machine name, which is at most 64 long
DEFAULT_RELEASE = "trixie"
NO_FAULTS = acme.Options()
Step = Callable[[str], None]


def silent(text: str) -> None:
    """Report no steps."""


def check_name(kind: str, name: str) -> str:
    """Return names become host names, paths and cgroups: keep them to what is one word in each of these."""
    if not NAME.fullmatch(name) or len(name) > NAME_LENGTH:
        raise LabError(f"{kind} {name!r}: write up to {NAME_LENGTH} lower-case letters, digits and single hyphens")
    return name


def sudo_command(arguments: list[str]) -> list[str]:
    """Return this command line, run by root with those variables that it reads."""
    keep = ("ASGI_LAB_CACHE", *sources.PROXIES, *sources.INDEXES)
    return ["sudo", f"--preserve-env={','.join(keep)}", "--", sys.executable, "-m", "tests.lab", *arguments]


@dataclass(frozen=True)
class Host:
    """A host of a lab, as tests use it."""

    machine: Machine

    @property
    def name(self) -> str:
        """Return its name, in the lab and in its own /etc/hostname."""
        return self.machine.name

    @property
    def address(self) -> str:
        """Return its IPv4 address."""
        return self.machine.address

    @property
    def release(self) -> str:
        """Return the code name of its Debian release."""
        return self.machine.release

    @property
    def running(self) -> bool:
        """Return whether it is booted or booting."""
        return self.machine.runner.active()

    def run(
        self,
        command: str,
        *,
        root: bool = True,
        timeout: float = 150,
        check: bool = True,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command over SSH, by sudo unless `root` is false."""
        return self.machine.target.run(command, root=root, timeout=timeout, check=check, stdin=stdin)

    def reboot(self) -> None:
        """Reboot it cleanly and wait until it is up again."""
        self._as_root("reboot", self.machine.reboot)

    def cut(self) -> None:
        """Cut its power."""
        self._as_root("cut", self.machine.cut)

    def start(self) -> None:
        """Boot it again on the same disk and wait until it is up."""

        def start() -> None:
            self.machine.start()
            self.machine.wait_ready()

        self._as_root("start", start)

    def _as_root(self, word: str, action: Callable[[], object]) -> None:
        if os.geteuid() == 0:
            action()
            return
        command = sudo_command([word, "--lab", self.machine.lab, self.name])
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise LabError(f"{word} {self.name}: {done.stderr.strip()}")


class Lab:
    """A group of hosts with a name of its own; labs do not know of each other."""

    def __init__(self, name: str) -> None:
        """Name a lab; nothing is made yet."""
        self.name = check_name("lab", name)

    @property
    def state_dir(self) -> Path:
        """Return where its keys, certificates and logs are."""
        return state.LABS / self.name

    @property
    def key(self) -> Path:
        """Return the private key for SSH."""
        return self.state_dir / "id_ed25519"

    @property
    def acme_https_ca(self) -> Path:
        """Return the authority of the ACME server's own HTTPS listener: a client's REQUESTS_CA_BUNDLE."""
        return self.state_dir / acme.HTTPS_CA

    @property
    def acme_root(self) -> Path:
        """Return the root of the certificates that the ACME server issues."""
        return self.state_dir / acme.ROOT

    @property
    def acme_directory(self) -> str:
        """Return the address of the ACME directory."""
        return acme.DIRECTORY

    def hosts(self) -> list[Host]:
        """Return its hosts, by name."""
        return [Host(self._machine(name, one)) for name, one in sorted(state.host_records(self.name).items())]

    def host(self, name: str) -> Host:
        """Return one of its hosts."""
        record = state.host_records(self.name).get(name)
        if record is None:
            raise LabError(f"lab {self.name} has no host {name}")
        return Host(self._machine(name, record))

    def _machine(self, name: str, record: Mapping[str, str]) -> Machine:
        return Machine(
            lab=self.name,
            name=name,
            release=record["release"],
            address=record["address"],
            image=Path(record["image"]),
            machine_id=record["machine_id"],
            directory=self.state_dir / "hosts" / name,
            key=self.key,
        )

    def inventory(self, group: str = "all", *, acme: bool = False) -> str:
        """Return its hosts as an Ansible inventory in YAML; `acme` adds how they get certificates, and what checks
        these.
        """
        listed = render_inventory({host.name: host.address for host in self.hosts()}, self.key, group)
        variables = {
            "certificate_directory": self.acme_directory,
            "certificate_ca_file": str(self.acme_https_ca),
            "lab_acme_root": str(self.acme_root),
        }
        lines = [f"    {name}: {json.dumps(value)}\n" for name, value in variables.items()]
        return listed + (f"  vars:\n{''.join(lines)}" if acme else "")

    def up(self, requested: Mapping[str, str | None], step: Step = silent) -> None:
        """Make and boot the hosts (name to release), or all known ones when none is named."""
        installed = packages.ensure(packages.HOSTS)
        if installed:
            step(f"installed {' '.join(installed)}")
        known = state.host_records(self.name)
        releases = {name: self._release_of(name, release) for name, release in requested.items()}
        releases = releases or {name: one["release"] for name, one in known.items()}
        if not releases:
            raise LabError(f"lab {self.name} has no hosts yet: name some, as in `web1=trixie`")
        needed = sorted({release for name, release in releases.items() if name not in known})
        images: dict[str, str] = {}
        with ThreadPoolExecutor(max_workers=2) as pool:
            for release, (root, built) in zip(needed, pool.map(image.ensure, needed), strict=True):
                images[release] = str(root)
                if built:
                    step(f"built image {root.name}")
        with state.locked(state.LOCK):
            self._record(releases, images)
            for warning in network.up():
                step(f"warning: {warning}")
        with ThreadPoolExecutor(max_workers=8) as pool:
            tasks = [pool.submit(self._boot, name, step) for name in releases]
        errors = [str(task.exception()) for task in tasks if task.exception()]
        if errors:
            raise LabError("\n".join(errors))

    def _release_of(self, name: str, release: str | None) -> str:
        check_name("host", name)
        known = state.host_records(self.name).get(name, {}).get("release")
        if known and release not in (None, known):
            raise LabError(f"host {name} exists with {known}, not {release}: `down` the lab first")
        return known or release or DEFAULT_RELEASE

    def _record(self, releases: Mapping[str, str], images: Mapping[str, str]) -> None:
        """Write down the hosts before anything is made for them, so that ``down`` always finds it."""
        self._make_key()
        git.prepare(self.name)
        hosts = state.host_records(self.name)
        used = {record["address"] for lab in state.lab_names() for record in state.host_records(lab).values()}
        for name, release in releases.items():
            if name not in hosts:
                address = network.allocate(used)
                used.add(address)
                identity = {"address": address, "machine_id": uuid.uuid4().hex}
                hosts[name] = {"release": release, "image": images[release], **identity}
        state.write_json(self.state_dir / "lab.json", {"hosts": hosts})

    def _make_key(self) -> None:
        self.state_dir.mkdir(parents=True, exist_ok=True)
        if not self.key.exists():
            comment = f"asgi-lab-{self.name}"
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(self.key)])
            owner = os.environ.get("SUDO_UID")
            if owner:
                # The user who called sudo runs ansible under the own name and has to read the key.
                os.chown(self.key, int(owner), -1)

    def _boot(self, name: str, step: Step) -> None:
        machine = self.host(name).machine
        if machine.start():
            result = machine.wait_ready()
            step(f"host {name} ({machine.release}) at {machine.address}: {result}")
        else:
            step(f"host {name} ({machine.release}) at {machine.address}: already up, {machine.wait_ready()}")

    def acme_up(self, options: acme.Options = NO_FAULTS, step: Step = silent, *, force: bool = False) -> None:
        """Start the ACME server for this lab."""
        installed = packages.ensure((*packages.HOSTS, *packages.ACME))
        if installed:
            step(f"installed {' '.join(installed)}")
        with state.locked(state.LOCK):
            self.state_dir.mkdir(parents=True, exist_ok=True)
            network.up()
            for note in acme.up(self.name, options, force=force):
                step(note)
        step(f"ACME server at {acme.DIRECTORY}")

    def authority(self, options: ca.Options | None = None) -> ca.Authority:
        """Return a CA of its own, in addition to the one that all labs share; other options restart it."""
        with state.locked(state.LOCK):
            return ca.up(self.state_dir, self.name, options or ca.Options())

    def acme_down(self) -> None:
        """Release the ACME server, which this lab no longer needs."""
        with state.locked(state.LOCK):
            acme.leave(self.name)

    def set_dns(self, records: Mapping[str, str]) -> None:
        """Point domain names, in the eyes of the ACME server, to addresses or hosts of this lab."""
        known = state.host_records(self.name)
        for name, value in records.items():
            addresses = [known[part]["address"] if part in known else part for part in value.split(",")]
            acme.set_address(name, addresses)

    def repository(self, name: str, tree: Path) -> git.Repository:
        """Return a repository that the lab's hosts can fetch, with its working tree at `tree`."""
        packages.ensure(packages.GIT)
        with state.locked(state.LOCK):
            git.up(self.name)
        return git.Repository(self.name, name, tree)

    def index(self, folder: Path) -> index.Index:
        """Return a private index of the wheels in a folder, which the lab's hosts can ask by name and password."""
        return index.up(self.state_dir, self.name, folder)

    def down(self, step: Step = silent) -> None:
        """End and remove all of it; with the last lab, what the labs share as well."""
        directories = sorted((self.state_dir / "hosts").glob("*"))
        with ThreadPoolExecutor(max_workers=8) as pool:
            tasks = [pool.submit(remove_host, self.name, directory) for directory in directories]
        errors = [str(task.exception()) for task in tasks if task.exception()]
        if errors:
            raise LabError("\n".join(errors))
        with state.locked(state.LOCK):
            acme.leave(self.name)
            git.down(self.name)
            index.down(self.state_dir)
            ca.down(self.state_dir)
            state.remove_tree(self.state_dir)
            if not state.lab_names():
                clean_machine()
        step(f"lab {self.name} removed ({len(directories)} hosts)")


def clean_machine() -> None:
    """Remove what all labs share, after the last one. The caller holds the lock."""
    acme.down()
    network.down()
    runner.clean_machine()
    state.remove_tree(state.LABS)
    with contextlib.suppress(OSError):
        state.STATE.rmdir()  # it may be a mount point, and that is not ours to remove
    state.LOCK.unlink(missing_ok=True)


def render_inventory(hosts: Mapping[str, str], key: Path, group: str = "all") -> str:
    """Return an Ansible inventory; strings are written as JSON, which YAML contains."""
    arguments = " ".join(f"-o {option}" for option in OPTIONS)
    lines = [f"{group}:", "  hosts:" if hosts else "  hosts: {}"]
    for name, address in hosts.items():
        variables = {
            "ansible_host": address,
            "ansible_user": image.USER,
            "ansible_ssh_private_key_file": str(key),
            "ansible_ssh_common_args": arguments,
        }
        lines.append(f"    {name}:")
        lines += [f"      {variable}: {json.dumps(value)}" for variable, value in variables.items()]
    return "\n".join(lines) + "\n"
