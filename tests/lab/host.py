"""One host: its disk, its boot, its end. Needs root; the API that tests use is in lab.py."""

from __future__ import annotations

import shutil
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from tests.lab import image, network, sources
from tests.lab.git import authority_of
from tests.lab.process import LabError, Process, run, tail, wait_for
from tests.lab.runner import ENVIRONMENT, Runner, runner
from tests.lab.ssh import Target
from tests.lab.state import CACHE, mount_points, remove_tree, write_text

BOOT_TIMEOUT = 180
SHARED = {"uv": "/var/cache/asgi/uv", "pip": "/root/.cache/pip"}


@dataclass(frozen=True)
class Machine:
    """A host as its lab recorded it."""

    lab: str
    name: str
    release: str
    address: str
    image: Path
    machine_id: str
    directory: Path
    key: Path

    @property
    def root(self) -> Path:
        """Return where the host's file system is mounted."""
        return self.directory / "root"

    @property
    def runner(self) -> Runner:
        """Return what starts and stops it."""
        return runner(f"{self.lab}-{self.name}", self.directory)

    @property
    def target(self) -> Target:
        """Return how to reach it by SSH."""
        return Target(self.address, image.USER, self.key)

    def prepare(self) -> None:
        """Make the host's disk: an overlay on the image, with what distinguishes this host from all others."""
        marker = self.directory / "prepared"
        if marker.exists():
            self._mount()
            return
        self._unmount()
        remove_tree(self.directory)
        for name in ("upper", "work", "root", "archives"):
            (self.directory / name).mkdir(parents=True)
        write_text(self.directory / "release", f"{self.release}\n")
        self._mount()
        for name, text in self._files().items():
            write_text(self.root / name, text)
        # As a user's hosts trust the authority of their git server.
        authority = authority_of(self.lab).read_text()
        write_text(self.root / "usr/local/share/ca-certificates/asgi-lab.crt", authority)
        bundle = self.root / str(sources.BUNDLE).lstrip("/")
        write_text(bundle, bundle.read_text() + authority)
        keys = self.root / f"home/{image.USER}/.ssh"
        keys.mkdir(mode=0o700)
        write_text(keys / "authorized_keys", self.key.with_suffix(".pub").read_text(), 0o600)
        for path in (keys, keys / "authorized_keys"):
            shutil.chown(path, image.UID, image.UID)
        run(["ssh-keygen", "-A", "-f", str(self.root)])
        # An own directory for each host, so that two hosts never wait for each other's lock on it.
        for archive in image.archives(self.release).glob("*.deb"):
            image.link_or_copy(archive, self.directory / "archives" / archive.name)
        marker.touch()

    def _files(self) -> dict[str, str]:
        nameservers = "".join(f"nameserver {address}\n" for address in network.nameservers())
        return {
            "etc/hostname": f"{self.name}\n",
            "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n::1 localhost ip6-localhost\n",
            "etc/machine-id": f"{self.machine_id}\n",
            "etc/resolv.conf": nameservers,
            # networkd in the guest, not addresses set from outside: it has to come back after a reboot.
            "etc/systemd/network/10-lab.network": (
                f"[Match]\nName=host0 en*\n\n[Link]\nMTUBytes={network.uplink_mtu()}\n\n[Network]\n"
                f"Address={self.address}/{network.NETWORK.prefixlen}\nGateway={network.GATEWAY}\n"
                "LinkLocalAddressing=no\nIPv6AcceptRA=no\n"
            ),
        }

    def _mount(self) -> None:
        if str(self.root) in mount_points():
            return
        if not self.image.is_dir():
            raise LabError(f"{self.name}: its image {self.image} is gone; `down` the lab and make it again")
        layers = f"lowerdir={self.image},upperdir={self.directory}/upper,workdir={self.directory}/work"
        run(["mount", "-t", "overlay", "-o", layers, f"asgi-lab-{self.lab}-{self.name}", str(self.root)])

    def _unmount(self) -> None:
        while str(self.root) in mount_points():
            # Mounts of the guest's own namespace may take a moment to go after its last process.
            if not wait_for(lambda: run(["umount", str(self.root)], check=False).returncode == 0, 10, 0.2):
                raise LabError(f"{self.root} cannot be unmounted")

    def start(self) -> bool:
        """Boot it, unless it runs; returns whether that was needed."""
        one = self.runner
        if one.active():
            return False
        one.stop()
        self.target.disconnect()
        clear_leftovers(f"{self.lab}-{self.name}")
        self.prepare()
        binds = [f"--bind={self.directory}/archives:/var/cache/apt/archives"]
        for name, inside in SHARED.items():
            (CACHE / name).mkdir(parents=True, exist_ok=True)
            binds.append(f"--bind={CACHE / name}:{inside}")
        network.forget(self.address)
        one.start(
            [
                "systemd-nspawn",
                "--quiet",
                "--boot",
                "--settings=no",
                "--register=no",
                "--keep-unit",
                f"--directory={self.root}",
                f"--machine={self.lab}-{self.name}",
                f"--hostname={self.name}",
                f"--uuid={self.machine_id}",
                f"--network-bridge={network.BRIDGE}",
                "--resolv-conf=off",
                "--timezone=off",
                "--link-journal=no",
                "--console=read-only",
                # As in a virtual machine: systemd filters addresses and devices by BPF.
                "--system-call-filter=bpf add_key keyctl request_key",
                *binds,
            ]
        )
        return True

    def wait_ready(self, timeout: float = BOOT_TIMEOUT) -> str:
        """Wait until sshd answers and systemd has booted; returns its state, and failed units if any."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self.runner.active():
                raise LabError(f"{self.name} ended during its boot\n{self.diagnosis()}")
            # Asked from outside: a login would have to wait for a logind that is still starting.
            state = self._inside("systemctl", "is-system-running").strip()
            if state in ("running", "degraded") and self._answers():
                # Right after a boot sshd may accept a connection and still drop it.
                if self.target.run("true", timeout=30, check=False).returncode:
                    continue
                failed = self._inside("systemctl", "list-units", "--failed", "--plain", "--no-legend")
                units = [line.split()[0] for line in failed.splitlines() if line.strip()]
                return f"{state}: {' '.join(units)}" if units else state
            time.sleep(0.05)
        raise LabError(f"{self.name} is not up after {timeout:.0f} s\n{self.diagnosis()}")

    def _inside(self, *argv: str) -> str:
        """Return the output of a command in the guest's namespaces, past its network and its logins."""
        init = self.runner.init()
        if init is None:
            return ""
        command = ["nsenter", f"--target={init.pid}", "--all", *argv]
        done = run(command, timeout=60, check=False, env=ENVIRONMENT)
        return done.stdout

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.address, 22), timeout=1) as connection:
                connection.settimeout(2)
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def diagnosis(self) -> str:
        """Return what there is to see of a boot that went wrong."""
        console = self.runner.console
        text = tail(console.read_text(errors="replace"), 25) if console.is_file() else ""
        options = ("--namespace=*", "--boot", "--priority=warning", "--lines=25")
        journal = self._inside("journalctl", "--no-pager", *options)
        return f"-- {console} --\n{text}\n-- journal --\n{journal}"

    def reboot(self) -> str:
        """Reboot it cleanly, as its own `systemctl reboot` does."""
        before = self._init()
        self.target.disconnect()
        before.send(signal.SIGRTMIN + 5)  # systemd(1): starts reboot.target
        if not before.wait(BOOT_TIMEOUT):
            raise LabError(f"{self.name} does not shut down\n{self.diagnosis()}")
        if not wait_for(lambda: self.runner.init() is not None, 60):
            raise LabError(f"{self.name} does not boot again\n{self.diagnosis()}")
        return self.wait_ready()

    def cut(self) -> None:
        """Cut its power; ``start`` boots the same disk again."""
        self._init()
        self.target.disconnect()
        self.runner.kill_init()

    def _init(self) -> Process:
        init = self.runner.init()
        if init is None:
            raise LabError(f"{self.name} of lab {self.lab} is not running: `up --lab {self.lab}` starts it")
        return init


def remove(lab: str, directory: Path) -> None:
    """End a host and remove all of it, going only by its directory: a record of it may be missing."""
    name = directory.name
    runner(f"{lab}-{name}", directory).stop()
    one = Machine(lab, name, "", "", Path(), "", directory, directory)
    one._unmount()
    release = directory / "release"
    if release.is_file():
        image.harvest(directory / "archives", release.read_text().strip())
    remove_tree(directory)
    clear_leftovers(f"{lab}-{name}")


def clear_leftovers(machine: str) -> None:
    """Remove what an nspawn that was killed could not: its next start would refuse to go over it."""
    for name in ("unix-export", "propagate"):
        path = Path("/run/systemd/nspawn", name, machine)
        while str(path) in mount_points():
            run(["umount", str(path)])
        if path.is_dir():
            remove_tree(path)
