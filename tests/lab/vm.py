"""A host with a kernel of its own: the same root file system as the others, in a virtual machine on the same bridge.

Slow where KVM does not work, so it is there for what a container cannot show: kernel parameters and a real boot.
"""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from tests.lab import image, network, packages, state
from tests.lab.host import Machine
from tests.lab.lab import Host, Lab, Step
from tests.lab.process import LabError, run, tail

PACKAGES = ("e2fsprogs", "qemu-system-x86")
# Debian's kernel for virtual machines, and what finds its disk.
KERNEL = ("initramfs-tools", "kmod", "linux-image-cloud-amd64", "udev")
NAME = "vm"
TAP = "asgi-vm0"
MEMORY, PROCESSORS = 2048, 2  # MiB; without KVM more processors are of no use
DISK = "8G"  # sparse
# Seconds that a boot may take. Nested KVM may hang on some machines, so it has to show soon that it works.
PATIENCE = {"kvm": 90.0, "tcg": 900.0}


@dataclass(frozen=True)
class Vm:
    """The one virtual machine of a lab."""

    lab: Lab

    @property
    def host(self) -> Host:
        return self.lab.host(NAME)

    @property
    def machine(self) -> Machine:
        return self.host.machine

    @property
    def folder(self) -> Path:
        return self.lab.state_dir / NAME

    def up(self, release: str, step: Step) -> str:
        """Make its disk and boot it; return what accelerates it."""
        if installed := packages.ensure((*packages.HOSTS, *PACKAGES)):
            step(f"installed {' '.join(installed)}")
        root, built = image.ensure(release, "vm-", KERNEL)
        if built:
            step(f"built image {root.name}")
        with state.locked(state.LOCK):
            self.lab._record({NAME: release}, {release: str(root)})
            network.up()
        self._make_disk()
        step("made its disk")
        for accelerator in [*(["kvm"] if Path("/dev/kvm").exists() else []), "tcg"]:
            self._start(accelerator)
            if self.answers(PATIENCE[accelerator]):
                step(f"booted with {accelerator}")
                return accelerator
            self.stop()
            step(f"does not boot with {accelerator}")
        raise LabError(f"the virtual machine does not boot\n{self.console()}")

    def _make_disk(self) -> None:
        """Make a file system with what distinguishes this host from others, as the containers have it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.machine.prepare()
        try:
            for name in ("vmlinuz", "initrd.img"):
                run(["cp", "--dereference", str(self.machine.root / name), str(self.folder / name)])
            disk = self.folder / "disk"
            disk.unlink(missing_ok=True)
            run(["mke2fs", "-q", "-t", "ext4", "-d", str(self.machine.root), str(disk), DISK], timeout=300)
        finally:
            self.machine._unmount()

    def _start(self, accelerator: str, memory: int = MEMORY) -> None:
        run(["ip", "link", "delete", TAP], check=False)
        run(["ip", "tuntap", "add", "dev", TAP, "mode", "tap"])
        run(["ip", "link", "set", TAP, "master", network.BRIDGE, "mtu", str(network.uplink_mtu()), "up"])
        network.forget(self.machine.address)
        (self.folder / "qemu.log").unlink(missing_ok=True)
        processor = "host" if accelerator == "kvm" else "max"
        state.start_service(
            self.folder / "qemu",
            [
                "qemu-system-x86_64",
                *("-accel", accelerator, "-cpu", processor, "-smp", str(PROCESSORS), "-m", str(memory)),
                *("-display", "none", "-serial", f"file:{self.folder}/console.log", "-monitor", "none", "-nodefaults"),
                *("-kernel", str(self.folder / "vmlinuz"), "-initrd", str(self.folder / "initrd.img")),
                *("-append", "root=/dev/vda rw console=ttyS0 net.ifnames=1 quiet"),
                *("-drive", f"file={self.folder}/disk,format=raw,if=virtio,cache=unsafe"),
                *("-netdev", f"tap,id=net0,ifname={TAP},script=no,downscript=no"),
                *("-device", "virtio-net-pci,netdev=net0", "-device", "virtio-rng-pci"),
            ],
        )

    def answers(self, seconds: float) -> bool:
        """Return whether a user can log in before time is up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if state.read_process(self.folder / "qemu.json") is None or self._gave_up():
                return False
            with contextlib.suppress(LabError):
                if self.host.run("systemctl is-system-running --wait", check=False, timeout=60).stdout.strip():
                    return True
            time.sleep(1)
        return False

    def _gave_up(self) -> bool:
        """Return whether KVM met something that it cannot do; qemu then stands still for ever."""
        return "KVM internal error" in (self.folder / "qemu.log").read_text(errors="replace")

    def reboot(self) -> None:
        """Reboot it, and wait until it is another boot."""
        read = "cat /proc/sys/kernel/random/boot_id"
        before = self.host.run(read, timeout=120).stdout
        self.host.run("systemd-run --quiet --on-active=1 systemctl reboot", timeout=120)
        deadline = time.monotonic() + PATIENCE["tcg"]
        while time.monotonic() < deadline:
            with contextlib.suppress(LabError):
                if self.host.run(read, check=False, timeout=60).stdout.strip() not in ("", before.strip()):
                    return
            time.sleep(2)
        raise LabError(f"the virtual machine does not come back\n{self.console()}")

    def restart(self, accelerator: str, memory: int) -> None:
        """Boot it again after a clean end, with another amount of memory in MiB."""
        self.host.run("sync && systemd-run --quiet --on-active=1 systemctl poweroff", timeout=120)
        deadline = time.monotonic() + PATIENCE["tcg"]
        while state.read_process(self.folder / "qemu.json") is not None:
            if time.monotonic() > deadline:
                raise LabError(f"the virtual machine does not end\n{self.console()}")
            time.sleep(1)
        self._start(accelerator, memory)
        if not self.answers(PATIENCE["tcg"]):
            raise LabError(f"the virtual machine does not boot with {memory} MiB\n{self.console()}")

    def console(self) -> str:
        file = self.folder / "console.log"
        return tail(file.read_text(errors="replace"), 40) if file.is_file() else ""

    def stop(self) -> None:
        """End it, as by a power cut."""
        process = state.read_process(self.folder / "qemu.json")
        if process:
            process.send(signal.SIGKILL)
            process.wait(10)
        run(["ip", "link", "delete", TAP], check=False)
